-- Returns the most members with which every member of a conversation may mention all. In larger
-- conversations only the owner and admins may.
-- SPDX-License-Identifier: MIT
create function mention_all_limit()
returns integer
language sql
immutable parallel safe
as $$
	select 30
$$;
