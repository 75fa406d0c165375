-- Accepts a machine's clock that is more than 31 days ahead of the last event. New ids follow that
-- clock from now on. For administrators.
-- Returns: the time from which new ids continue.
-- Writes: the sequences clock_floor and clock_seen.
-- SPDX-License-Identifier: MIT
create function clock_accept()
returns timestamptz
language plpgsql
volatile
as $$
declare
	v_real bigint := id_at(clock_timestamp());
begin
	perform pg_advisory_xact_lock(hashtext('banter horizon'));
	perform setval('clock_floor', greatest(v_real, coalesce(pg_sequence_last_value('clock_floor'), 0))), setval('clock_seen', v_real);
	return id_time(v_real);
end
$$;
