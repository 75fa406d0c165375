-- Ends all cursors. Needed after a restore that PostgreSQL cannot tell from a restart, as a copy of
-- its files. For administrators.
-- A client that reconnects gets stream.reset with the reason ahead, and takes a snapshot. Open
-- streams end within a second.
-- Returns: the number of the new incarnation.
-- Writes: incarnations.
-- SPDX-License-Identifier: MIT
create function incarnation_renew()
returns integer
language plpgsql
volatile
as $$
declare
	v_number integer;
begin
	perform incarnation_check();
	perform pg_advisory_xact_lock(hashtext('banter incarnation'));
	insert into incarnations (number, id, system, timeline, reached_id, renewed)
	select i.number + 1, ('x' || left(gen_random_uuid()::text, 8))::bit(32)::bigint, i.system, i.timeline, h.last_value, true
	from (select n.number, n.system, n.timeline from incarnations n order by n.number desc limit 1) i, horizon_reached h
	returning number into v_number;
	return v_number;
end
$$;
