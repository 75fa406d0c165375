-- Returns the most members with which a conversation has receipts with names. Larger conversations
-- have counts only.
-- SPDX-License-Identifier: MIT
create function names_limit()
returns integer
language sql
immutable parallel safe
as $$
	select 100
$$;
