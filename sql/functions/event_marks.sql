-- Lists the marks (event_clock) of transactions that may still commit an event, prepared ones
-- included.
-- Returns: pid, or null for a prepared transaction; mark, the id below which the transaction makes
--   no event.
-- The list does not depend on track_activities, nor on the roles of the sessions.
-- SPDX-License-Identifier: MIT
create function event_marks()
returns table (pid integer, mark bigint)
language sql
volatile
as $$
	select l.pid, ((l.classid::bigint & 65535) << 32 | l.objid::bigint) << 15
	from pg_locks l
	where l.locktype = 'advisory'
		and l.database = (select d.oid from pg_database d where d.datname = current_database())
		and l.objsubid = 1
		and l.classid::bigint >> 16 = 16982
		and l.mode = 'ShareLock'
$$;
