-- No id is below the start of the transaction, the clock or the floor. The transaction has a mark
-- with a bound below all its ids.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_floor bigint := (select last_value from clock_floor);
	v_seen bigint := (select last_value from clock_seen);
	v_before bigint := id_at(clock_timestamp());
	v_ahead bigint := id_at(clock_timestamp() + interval '1 hour');
begin
	perform same((select count(*) from event_marks() where pid = pg_backend_pid()), 0::bigint, 'nothing made yet');
	assert event_clock() between v_before and id_at(clock_timestamp()), 'the clock';
	assert event_clock() >= id_at(now()), 'the start of the transaction';
	perform same((select count(*) from event_marks() where pid = pg_backend_pid() and mark between v_before - (1 << 30) and id_at(now())), 1::bigint, 'marked');
	perform same(current_setting('idle_in_transaction_session_timeout'), '1min', 'and bounded in time');
	perform setval('clock_floor', v_ahead), setval('clock_seen', id_at(clock_timestamp()));
	assert event_clock() between v_ahead and v_ahead + (100::bigint << 22), 'a clock that was set back';
	perform setval('clock_floor', id_at(now() - interval '40 days'));
	assert event_clock() < v_before, 'a clock that is too far ahead, though the transaction began with it';
	perform setval('clock_floor', v_floor), setval('clock_seen', v_seen);
end
$$;
