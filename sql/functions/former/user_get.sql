-- Returns one user without last_seen, for a program that does not name the asking user.
-- Raises: user_not_found.
-- SPDX-License-Identifier: MIT
create function user_get(in_user bigint)
returns json
language sql
stable
as $$
	select user_get(null, in_user)
$$;
