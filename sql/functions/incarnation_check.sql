-- Begins a new incarnation when the database has another history: another cluster or another
-- timeline than before. Called before a horizon is returned.
-- So reached_id of the new row is the horizon that the log held. All events below it are here,
-- because their commits stand before it in the log.
-- Writes: incarnations, for a new one. Runs with its owner's rights.
-- SPDX-License-Identifier: MIT
create function incarnation_check()
returns void
language plpgsql
volatile
security definer
set search_path = banter, pg_temp
as $$
declare
	v_system bigint := (select s.system_identifier from pg_control_system() s);
	v_timeline integer := ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer;
begin
	if (select (i.system, i.timeline) = (v_system, v_timeline) from incarnations i order by i.number desc limit 1) then
		return;
	end if;
	perform pg_advisory_xact_lock(hashtext('banter incarnation'));
	insert into incarnations (number, id, system, timeline, reached_id)
	select i.number + 1, ('x' || left(gen_random_uuid()::text, 8))::bit(32)::bigint, v_system, v_timeline, h.last_value
	from (select n.number, n.system, n.timeline from incarnations n order by n.number desc limit 1) i, horizon_reached h
	where (i.system, i.timeline) <> (v_system, v_timeline);
end
$$;
