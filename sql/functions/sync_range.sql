-- Returns the range of bases that a cursor may have (sync_reset): from the oldest kept event to the
-- clock or its floor.
-- SPDX-License-Identifier: MIT
create function sync_range(out from_id bigint, out to_id bigint)
language sql
volatile
as $$
	select r.kept_id, greatest(id_at(clock_timestamp()), f.last_value)
	from retention r, clock_floor f
$$;
