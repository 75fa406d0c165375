-- The owner and admins rename a group, with an event for all members.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_notifications text[];
	v_ask text := 'select conversation_update(%s, %s, %L)';
begin
	v_notifications := notifications(format('conversation_update(%s, %s, %L)', v_group, v_alice, 'new'));
	perform same(v_notifications[1]::json ->> 'title', 'new', 'body');
	perform same(v_notifications[1]::json ->> 'last_seq', '2', 'as it is then');
	perform same(
		v_notifications[2],
		(select format(E'c:%s e %s 2 0\n', c.id, c.last_id) || event_json('conversation.updated', c.id, c.last_id, 2, '{' || conversation_fields(c) || '}')
			from conversations c where c.id = v_group),
		'event'
	);
	perform refused(format(v_ask, v_group, v_bob, 'x'), 'forbidden');
	perform refused(format(v_ask, v_group, v_alice, ''), 'invalid_body');
	perform refused(format(v_ask, v_group, person('eve'), 'x'), 'not_a_member');
	perform refused(format(v_ask, direct(v_alice, v_bob), v_alice, 'x'), 'direct_conversation');
	perform member_role(v_group, v_alice, v_bob, 'admin');
	perform same(body(format('conversation_update(%s, %s, %L)', v_group, v_bob, 'newer')) ->> 'title', 'newer', 'by an admin');
	perform whole();
end
$$;
