-- Returns the data with which a sign-in is checked, and whether a device of the user has signed in
-- from this network.
-- Returns: no row when there is no user with this name.
-- SPDX-License-Identifier: MIT
create function user_credentials(in_name text, in_network bigint)
returns table (user_id bigint, password_hash text, is_known boolean)
language sql
stable
as $$
	select u.id, u.password_hash, exists (select from devices d where d.user_id = u.id and d.network = in_network)
	from users u
	where u.name = lower(in_name collate "C")
$$;
