-- The read mark moves up to a message, and never back.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_one bigint := send(v_group, v_alice);
	v_two bigint := send(v_group, v_alice);
	v_notifications text[];
begin
	v_notifications := notifications(format('conversation_read(%s, %s, %s)', v_group, v_bob, v_two));
	perform same(v_notifications[1], format('{"conversation_id":"%s","read_id":"%s","unread_count":0,"mention_count":0}', v_group, v_two), 'body');
	perform same(v_notifications[2], format('c:%s r %s %s %s', v_group, v_bob, v_two, v_two), 'to the conversation');
	perform same(v_notifications[3] like format('u:%s n %s %s {%%', v_bob, v_group, v_two), true, 'to the own devices');
	perform same(
		notifications(format('conversation_read(%s, %s, %s)', v_group, v_bob, v_one)),
		array[v_notifications[1]],
		'an earlier one changes nothing'
	);
	perform refused(format('select conversation_read(%s, %s, 1)', v_group, v_bob), 'message_not_found');
	perform refused(format('select conversation_read(%s, %s, %s)', v_group, person('eve'), v_one), 'not_a_member');
	perform whole();
end
$$;
