-- Lists the transactions that hold the horizon, the oldest first. The horizon moves when the first
-- one ends. For administrators.
-- Returns: pid, or null for a prepared transaction (pg_prepared_xacts names it); the latest time at
--   which it can have begun; the description and the activity of its session.
-- SPDX-License-Identifier: MIT
create function horizon_holders()
returns table (pid integer, since timestamptz, application text, state text, query text)
language sql
volatile
as $$
	select m.pid, id_time(min(m.mark)), a.application_name, a.state, a.query
	from event_marks() m
	left join pg_stat_activity a on a.pid = m.pid
	where m.pid is distinct from pg_backend_pid()
	group by m.pid, a.application_name, a.state, a.query
	order by 2
$$;
