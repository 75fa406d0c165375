-- The owner deletes a conversation: all members receive a last event, and nothing after it.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_notifications text[];
	v_ask text := 'select conversation_delete(%s, %s)';
begin
	perform member_role(v_group, v_alice, v_bob, 'admin');
	perform refused(format(v_ask, v_group, v_bob), 'forbidden');
	perform refused(format(v_ask, v_group, 1), 'not_a_member');
	perform refused(format(v_ask, direct(v_alice, v_bob), v_alice), 'direct_conversation');
	v_notifications := notifications(format('conversation_delete(%s, %s)', v_group, v_alice));
	perform same(
		v_notifications,
		array['{}', format(E'c:%s e %s 3 *\n', v_group, test.last_id(v_group)) || event_json(
			'conversation.deleted', v_group, test.last_id(v_group), 3, format('{"id":"%s","deleted_by":"%s"}', v_group, v_alice)
		)],
		'notifications'
	);
	perform same((select deleted_id from conversations where id = v_group), test.last_id(v_group), 'the last event');
	perform same(
		(select array_agg(row(f.user_id, f.left_id, f.left_seq)::text order by f.user_id) from former_members f),
		array[row(v_alice, test.last_id(v_group), 3)::text, row(v_bob, test.last_id(v_group), 3)::text],
		'it ends all memberships'
	);
	perform refused(format(v_ask, v_group, v_alice), 'not_a_member');
	perform refused(format('select member_add(%s, %s, %L)', v_group, v_alice, array[v_bob]), 'not_a_member');
	perform refused(format('select conversation_get(%s, %s)', v_group, v_bob), 'not_a_member');
	perform whole();
end
$$;
