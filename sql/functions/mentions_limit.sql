-- Returns the most users that a message may mention.
-- SPDX-License-Identifier: MIT
create function mentions_limit()
returns integer
language sql
immutable parallel safe
as $$
	select 50
$$;
