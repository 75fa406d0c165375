-- Returns how many octets of JSON a page has at most, unless its only row is longer.
-- SPDX-License-Identifier: MIT
create function page_bytes()
returns integer
language sql
immutable parallel safe
as $$
	select 1048576
$$;
