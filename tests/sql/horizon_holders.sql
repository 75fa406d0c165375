-- Lists the other transactions with a mark, and not its own. The race stream_horizon_order tests
-- one that is listed.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform pg_advisory_xact_lock_shared(17), pg_advisory_xact_lock_shared(1, 2), pg_advisory_xact_lock_shared(-1);
	perform same((select count(*) from event_marks() where pid = pg_backend_pid()), 0::bigint, 'other locks');
	perform event_clock();
	perform same((select count(*) from event_marks() where pid = pg_backend_pid() and mark <= event_clock()), 1::bigint, 'a mark');
	perform same((select count(*) from horizon_holders() where pid = pg_backend_pid()), 0::bigint, 'not oneself');
end
$$;
