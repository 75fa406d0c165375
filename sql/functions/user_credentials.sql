-- What a sign-in is checked against.
-- Returns: no row when nobody has this name.
-- SPDX-License-Identifier: MIT
create function user_credentials(in_name text)
returns table (user_id bigint, password_hash text)
language sql
stable
as $$
	select u.id, u.password_hash
	from users u
	where u.name = lower(in_name)
$$;
