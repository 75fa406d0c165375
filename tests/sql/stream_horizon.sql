-- The horizon is about now, moves forward, and raises the floor under every later id.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_floor bigint := (select last_value from clock_floor);
	v_seen bigint := (select last_value from clock_seen);
	v_before bigint := id_at(clock_timestamp());
	v_horizon bigint := stream_horizon();
	v_alice bigint := person('alice');
	v_group bigint;
begin
	assert v_horizon between v_before and id_at(clock_timestamp()), 'nobody else writes: it is now';
	assert (select last_value from clock_floor) >= v_horizon, 'the floor is raised';
	v_group := group_of(v_alice);
	assert test.last_id(v_group) >= v_horizon, 'a later event is not below';
	assert stream_horizon() > v_horizon, 'it moves';
	v_horizon := stream_horizon();

	-- as if the clock was an hour further once, and was set back
	perform setval('clock_floor', id_at(clock_timestamp() + interval '1 hour')), setval('clock_seen', id_at(clock_timestamp() - interval '2 seconds'));
	v_horizon := stream_horizon();
	perform same(v_horizon, (select last_value from clock_floor), 'held by the floor');
	assert v_horizon > id_at(clock_timestamp() + interval '1 hour'), 'which advances';
	perform pg_sleep(0.01);
	assert stream_horizon() > v_horizon, 'with what passes';
	v_horizon := stream_horizon();
	perform send(v_group, v_alice), send(v_group, v_alice);
	assert (select min(id) from messages where conversation_id = v_group) >= v_horizon, 'ids are held too';
	perform whole();

	perform setval('clock_floor', v_floor), setval('clock_seen', v_seen), setval('horizon_reached', v_before);
end
$$;
