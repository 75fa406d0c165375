-- Up to this many members, receipts are told by name; in larger conversations by count only.
-- SPDX-License-Identifier: MIT
create function names_limit()
returns integer
language sql
immutable parallel safe
as $$
	select 100
$$;
