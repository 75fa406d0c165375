-- Returns the data that a sign-in is checked against, for a program that does not name the network.
-- Returns: no row when nobody has this name.
-- SPDX-License-Identifier: MIT
create function user_credentials(in_name text)
returns table (user_id bigint, password_hash text)
language sql
stable
as $$
	select c.user_id, c.password_hash
	from user_credentials(in_name, null) c
$$;
