-- No id below the start of the transaction, the clock or the floor; and the transaction has an id of its own.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_floor bigint := (select last_value from clock_floor);
	v_before bigint := id_at(clock_timestamp());
	v_ahead bigint := id_at(clock_timestamp() + interval '1 hour');
begin
	perform same(pg_current_xact_id_if_assigned(), null::xid8, 'nothing written yet');
	assert event_clock() between v_before and id_at(clock_timestamp()), 'the clock';
	assert pg_current_xact_id_if_assigned() is not null, 'can be seen to be writing';
	assert event_clock() >= id_at(now()), 'the start of the transaction';
	perform setval('clock_floor', v_ahead);
	perform same(event_clock(), v_ahead, 'a clock that was set back');
	perform setval('clock_floor', v_floor);
end
$$;
