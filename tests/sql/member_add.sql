-- Adding members makes one event, and a notification for each new member. It checks roles and
-- limits.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_carol bigint := person('carol');
	v_dave bigint := person('dave');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_direct bigint := direct(v_alice, v_bob);
	v_notifications text[];
	v_ask text := 'select member_add(%s, %s, %L)';
begin
	perform send(v_group, v_alice), send(v_group, v_alice);
	v_notifications := notifications(format('member_add(%s, %s, %L)', v_group, v_alice, array[v_dave, v_bob, v_carol, v_carol]));
	perform same(
		(select string_agg(m ->> 'name', ' ') from json_array_elements(v_notifications[1]::json -> 'members') m),
		'carol dave',
		'the new ones'
	);
	perform same(
		v_notifications[2],
		format(E'c:%s e %s 4 0\n', v_group, test.last_id(v_group))
			|| event_json('member.added', v_group, test.last_id(v_group), 4, v_notifications[1]),
		'event'
	);
	perform same(v_notifications[3:], array[format('u:%s j %s', v_carol, v_group), format('u:%s j %s', v_dave, v_group)], 'notifications');
	perform same(jsonb(conversation_get(v_group, v_dave)) ->> 'member_count', '4', 'count');
	perform same(
		marks(v_group, v_dave)::text,
		(select row(max(id), max(id), 0)::text from messages where conversation_id = v_group),
		'with everything before behind them'
	);

	perform same(notifications(format('member_add(%s, %s, %L)', v_group, v_alice, array[v_bob])), array['{"members":[]}'], 'nobody new');
	perform refused(format(v_ask, v_group, v_bob, array[v_carol]), 'forbidden');
	perform refused(format(v_ask, v_group, person('eve'), array[v_carol]), 'not_a_member');
	perform refused(format(v_ask, v_direct, v_alice, array[v_carol]), 'direct_conversation');
	perform refused(format(v_ask, v_group, v_alice, array[1]), 'user_not_found');
	perform refused(format(v_ask, v_group, v_alice, (select array_agg(n) from generate_series(1, 201) n)), 'too_many_members');
	perform member_role(v_group, v_alice, v_bob, 'admin');
	perform member_remove(v_group, v_alice, v_dave);
	perform same(cardinality(notifications(format('member_add(%s, %s, %L)', v_group, v_bob, array[v_dave]))), 3, 'an admin may; dave is back');
	perform whole();
end
$$;
