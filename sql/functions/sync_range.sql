-- What the base of a cursor may be (sync_reset): from what is kept on, up to the clock.
-- SPDX-License-Identifier: MIT
create function sync_range(out from_id bigint, out to_id bigint)
language sql
volatile
as $$
	select r.kept_id, greatest(id_at(clock_timestamp()), f.last_value)
	from retention r, clock_floor f
$$;
