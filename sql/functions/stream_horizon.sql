-- An id below which nothing can appear any more: every transaction that could still commit a smaller event has ended. Cursors are built on it.
-- Use it as the base of a cursor only for what is read in a later statement: the snapshot of this one may be older than the transactions that it waited for.
-- Returns: the horizon; never less than was ever returned, never beyond the clock or its floor.
-- Writes: the sequences clock_floor and horizon_reached, at once and for everybody, whatever becomes of the transaction.
--
-- Why nothing can slip through. Whoever makes an event takes a transaction id first and reads clock_floor after it (event_clock); we raise clock_floor first
-- and look for transaction ids after it. So a writer either reads the raised floor, and stays above it, or we see its transaction id, and stay below
-- its start, which is a bound of all its events. That holds however the clock is set back in between, and for how long a writer stalls.
-- A horizon stays true once it is, so the highest of all is returned. Whoever comes while another computes gets that without waiting.
-- Runs with its owner's rights, who needs pg_read_all_stats to see the transactions of other roles (roles.sql).
-- SPDX-License-Identifier: MIT
create function stream_horizon()
returns bigint
language plpgsql
volatile
security definer
set search_path = banter, pg_temp
as $$
declare
	v_reached bigint;
	v_clock bigint;
	v_oldest bigint;
	v_unknown boolean;
begin
	if not pg_try_advisory_xact_lock(hashtext('banter horizon')) then
		select r.last_value into v_reached from horizon_reached r;
		return v_reached;
	end if;

	select greatest(id_at(clock_timestamp()), f.last_value) into v_clock from clock_floor f;
	perform setval('clock_floor', v_clock);

	perform pg_stat_clear_snapshot();
	select min(id_at(a.xact_start)), coalesce(bool_or(a.xact_start is null), false)
	into v_oldest, v_unknown
	from pg_stat_activity a
	where a.datname = current_database()
		and a.pid <> pg_backend_pid()
		and a.backend_xid is not null
		and a.backend_type is distinct from 'autovacuum worker';

	-- a transaction that began while we looked, or track_activities is off: the next call will tell
	select r.last_value into v_reached from horizon_reached r;
	if v_unknown or least(v_clock, v_oldest) <= v_reached then
		return v_reached;
	end if;
	return setval('horizon_reached', least(v_clock, v_oldest));
end
$$;
