-- A group, its owner and its members.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_notifications text[] := notifications(format('conversation_group(%s, %L, %L, null)', v_alice, 'the group', array[v_bob, v_alice, v_bob]));
	v_ask text := 'select conversation_group(%s, %L, %L, %L)';
begin
	perform same(v_notifications[1]::json ->> 'role', 'owner', 'role');
	perform same(v_notifications[1]::json ->> 'history', 'full', 'history');
	perform same(v_notifications[1]::json ->> 'member_count', '2', 'everybody once');
	perform same(cardinality(v_notifications), 4, 'notifications');
	perform same(body(format('conversation_group(%s, %L, null, %L)', v_alice, 'alone', 'joined')) ->> 'history', 'joined', 'alone');
	perform refused(format(v_ask, v_alice, '', '{}', 'full'), 'invalid_body');
	perform refused(format(v_ask, v_alice, 'x', '{}', 'none'), 'invalid_body');
	perform refused(format(v_ask, v_alice, 'x', '{1}', 'full'), 'user_not_found');
	perform whole();
end
$$;
