-- Moves the floor back to the machine's clock, which was ahead earlier and is right now. Ends all
-- cursors (incarnation_renew). For administrators.
-- A conversation with events from the wrong time continues from the id of its last event. The
-- others have the right time at once.
-- Returns: the time from which new ids continue.
-- Writes: incarnations, the sequences clock_floor, clock_seen and horizon_reached.
-- SPDX-License-Identifier: MIT
create function clock_recover()
returns timestamptz
language plpgsql
volatile
as $$
declare
	v_real bigint := id_at(clock_timestamp());
begin
	perform incarnation_renew();
	perform pg_advisory_xact_lock(hashtext('banter horizon'));
	perform setval('clock_floor', v_real), setval('clock_seen', v_real), setval('horizon_reached', v_real);
	return id_time(v_real);
end
$$;
