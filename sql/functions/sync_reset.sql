-- Why nothing can go on from a cursor with this base, as sync_range has the range.
-- Returns: ahead (it is beyond the clock, so it comes from another database) | expired (events after it may have been removed) | null, it can.
-- SPDX-License-Identifier: MIT
create function sync_reset(in_base bigint, in_from bigint, in_to bigint)
returns text
language sql
immutable parallel safe
as $$
	select case
		when in_base > in_to then 'ahead'
		when in_base < in_from then 'expired'
	end
$$;
