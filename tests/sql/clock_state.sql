-- The states ok, behind and ahead, and the recovery from each (clock_accept, clock_recover).
-- SPDX-License-Identifier: MIT
do $$
declare
	v_floor bigint := (select last_value from clock_floor);
	v_seen bigint := (select last_value from clock_seen);
	v_reached bigint := (select last_value from horizon_reached);
	v_alice bigint := person('alice');
	v_group bigint;
	v_id bigint;
begin
	perform stream_horizon();
	perform same(clock_state(), 'ok', 'right');

	perform setval('clock_floor', id_at(clock_timestamp() - interval '40 days')), setval('clock_seen', id_at(clock_timestamp() - interval '40 days'));
	perform setval('horizon_reached', id_at(clock_timestamp() - interval '41 days'));
	perform same(clock_state(), 'ahead', 'two years, or forty days');
	perform stream_horizon();
	perform same(clock_state(), 'ahead', 'the floor does not follow');
	v_group := group_of(v_alice);
	assert last_id(v_group) < id_at(clock_timestamp() - interval '39 days'), 'nor do ids';
	perform clock_accept();
	perform same(clock_state(), 'ok', 'accepted');
	v_id := send(v_group, v_alice);
	assert v_id > id_at(clock_timestamp() - interval '1 minute'), 'ids follow';

	perform setval('clock_floor', id_at(clock_timestamp() + interval '2 years'));
	perform same(clock_state(), 'behind', 'it was ahead once');
	assert send(v_group, v_alice) > id_at(clock_timestamp() + interval '1 year'), 'ids stay';
	perform clock_recover();
	perform same(clock_state(), 'ok', 'recovered');
	assert (select renewed from incarnations order by number desc limit 1), 'cursors have ended';
	v_group := group_of(v_alice);
	assert last_id(v_group) < id_at(clock_timestamp() + interval '1 minute'), 'a new conversation has the right time';
	perform setval('clock_floor', v_floor), setval('clock_seen', v_seen), setval('horizon_reached', v_reached);
end
$$;
