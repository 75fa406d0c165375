-- Checks whether a cursor with this base can be resumed.
-- in_from, in_to: the result of sync_range.
-- Returns: null when it can; ahead (the base is beyond the clock, so the cursor comes from another
--   database); expired (events after the base may have been removed).
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
