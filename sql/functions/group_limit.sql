-- Returns the most members that a group may have.
-- SPDX-License-Identifier: MIT
create function group_limit()
returns integer
language sql
immutable parallel safe
as $$
	select 10000
$$;
