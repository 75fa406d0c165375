-- Why a cursor with this base cannot be resumed.
-- Returns: ahead (it is beyond the clock, so it comes from another database) | expired (events after it may have been removed) | null, it can.
-- SPDX-License-Identifier: MIT
create function sync_reset(in_base bigint)
returns text
language sql
volatile
as $$
	select case
		when in_base > greatest(id_at(clock_timestamp()), (select f.last_value from clock_floor f)) then 'ahead'
		when in_base < (select r.kept_id from retention r) then 'expired'
	end
$$;
