-- Returns the most conversations that a user may be in at a time.
-- SPDX-License-Identifier: MIT
create function conversations_limit()
returns integer
language sql
immutable parallel safe
as $$
	select 10000
$$;
