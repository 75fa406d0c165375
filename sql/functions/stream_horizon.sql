-- Returns an id below which nothing can appear any more: every transaction that could still commit
-- a smaller event has ended. Cursors are built on it.
-- Use it as the base of a cursor only for a later statement: the snapshot of this one may be older
-- than the transactions that it waited for.
-- Returns: the horizon, never less than an earlier one of this incarnation, never beyond the clock
--   or its floor.
-- Writes: the sequences clock_floor, clock_seen and horizon_reached, at once and for everybody,
--   whatever becomes of the transaction; incarnations.
--
-- Terms. A writer is a transaction that makes events. Its mark is the advisory lock of event_clock,
-- its bound is the id in that lock.
-- Why no event can slip through:
-- (1) A writer marks itself first, and reads clock_floor after it. This function raises clock_floor
--     first, and looks for marks after it.
-- (2) So a writer whose mark is not seen reads the raised floor: its events are at or above the
--     floor, and so at or above the horizon.
-- (3) A writer whose mark is seen makes no event below its bound: the bound is the greater of its
--     start and a floor, and neither goes back. The horizon is not above the bound.
-- (4) This holds whatever the machine's clock does in between, and for how long a writer stalls.
-- (5) A horizon stays true, so the highest of all is returned. A call during another one's
--     computation gets that highest one without waiting for it.
-- (6) A synchronous standby knows every horizon that a caller has received: the caller has a
--     transaction id, so its commit waits for the standby, and what it read stands before that
--     commit in the log. Else a standby that takes over would refuse cursors with that horizon.
-- A transaction without a mark does not hold the horizon, however long it is open and whatever it
-- writes.
-- SPDX-License-Identifier: MIT
create function stream_horizon()
returns bigint
language plpgsql
volatile
security definer
set search_path = banter, pg_temp
as $$
declare
	v_floor bigint;
	v_real bigint;
	v_clock bigint;
	v_oldest bigint;
	v_reached bigint;
begin
	perform incarnation_check();
	if not pg_try_advisory_xact_lock(hashtext('banter horizon')) then
		select r.last_value into v_reached from horizon_reached r;
		perform pg_current_xact_id();
		return v_reached;
	end if;

	select f.last_value, s.last_value into v_floor, v_clock from clock_floor f, clock_seen s;
	v_real := id_at(clock_timestamp());
	v_clock := greatest(clock_held(v_real, v_floor, v_clock), v_floor);
	perform setval('clock_floor', v_clock), setval('clock_seen', v_real);

	select min(m.mark) into v_oldest from event_marks() m where m.pid is distinct from pg_backend_pid();
	select r.last_value into v_reached from horizon_reached r;
	if least(v_clock, v_oldest) <= v_reached then
		return v_reached;
	end if;
	return setval('horizon_reached', least(v_clock, v_oldest));
end
$$;
