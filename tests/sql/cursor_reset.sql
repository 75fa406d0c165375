-- A cursor of this incarnation is resumed. One of an earlier incarnation is resumed when all that
-- it covers is proven to be here.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_reached bigint := (select last_value from horizon_reached);
	v_alice bigint := person('alice');
	v_group bigint := group_of(v_alice);
	v_message bigint := send(v_group, v_alice);
	v_horizon bigint := stream_horizon();
	v_mine bigint := (select id from incarnations order by number desc limit 1);
	v_day bigint := id_at(clock_timestamp() + interval '1 day');
	v_now bigint;
begin
	perform same(cursor_reset(v_mine, v_horizon, v_horizon, v_horizon, null, null), null, 'its own');
	perform same(cursor_reset(v_mine, v_horizon, v_horizon, id_at(clock_timestamp()), array[v_group], array[v_message + 7]), null, 'and nothing need be proven');
	perform same(cursor_reset(4294967296, v_horizon, v_horizon, v_horizon, null, null), 'ahead', 'of another database');
	perform same(cursor_reset(v_mine, v_day, v_day, v_day, null, null), 'ahead', 'beyond the clock');
	perform same(cursor_reset(v_mine, v_horizon, v_day, v_day, null, null), 'ahead', 'its pass ends beyond the clock');
	perform same(cursor_reset(v_mine, v_horizon, v_horizon, v_day, null, null), null, 'events that are beyond the clock');
	perform same(cursor_reset(0, v_horizon, v_horizon, v_horizon, null, null), null, 'version 1');

	-- a failover: the same cluster on another timeline
	update incarnations set timeline = timeline + 1000;
	perform stream_horizon();
	select id into v_now from incarnations order by number desc limit 1;
	assert v_now <> v_mine, 'it is noticed';
	perform same((select reached_id from incarnations where id = v_now), v_horizon, 'what the log held');
	perform same(cursor_reset(v_mine, v_horizon, v_horizon, v_horizon, array[v_group], array[v_message]), null, 'nothing was lost');
	perform same(cursor_reset(v_mine, v_horizon, v_horizon, v_horizon, array[v_group], array[(select joined_id from members where conversation_id = v_group)]), null, 'a change');
	perform same(cursor_reset(v_mine, v_horizon + 1, v_horizon + 1, v_horizon + 1, null, null), 'ahead', 'the base is above what the log held');
	perform same(cursor_reset(v_mine, v_horizon, v_horizon, v_horizon, array[v_group, v_group], array[v_message, v_message + 7]), 'ahead', 'an event is not here');
	perform same(cursor_reset(v_mine, v_message, v_message, v_horizon, null, null), null, 'all that it covers is below what the log held');
	perform same(cursor_reset(v_mine, v_message, v_message, v_horizon + 1, null, null), 'ahead', 'it covers more than the log held');
	perform same(cursor_reset(0, v_horizon, v_horizon, v_horizon, array[v_group], array[v_message]), null, 'version 1, proven');
	perform same(cursor_reset(0, v_horizon + 1, v_horizon + 1, v_horizon + 1, null, null), 'ahead', 'version 1, not proven');

	perform incarnation_renew();
	perform same(cursor_reset(v_mine, 1, 1, 1, null, null), 'ahead', 'an administrator has ended all');
	perform same(cursor_reset(v_now, 1, 1, 1, null, null), 'ahead', 'the last ones too');
	select id into v_now from incarnations order by number desc limit 1;
	perform same(cursor_reset(v_now, v_horizon, v_horizon, v_horizon, null, null), null, 'new ones go on');
	update retention set kept_id = v_horizon + 1;
	perform same(cursor_reset(v_now, v_horizon, v_horizon, v_horizon, null, null), 'expired', 'too old');
	perform setval('horizon_reached', v_reached);
end
$$;
