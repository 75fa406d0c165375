-- A new conversation: its rows, its first event and its notifications.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_notifications text[] := notifications(format('conversation_create(5, %L, %L, %L, %s, %L)', 'group', 'a', 'full', v_alice, array[v_alice, v_bob]));
begin
	perform same(v_notifications[2:], array[format('u:%s j 5', v_alice), format('u:%s j 5', v_bob)], 'notifications');
	perform same(
		v_notifications[1],
		(select format(E'c:5 e %s 1 0\n', last_id) || event_json('conversation.created', 5, last_id, 1, '{' || conversation_fields(c) || '}')
			from conversations c where c.id = 5),
		'event'
	);
	perform same(
		(select string_agg(concat(m.user_id = v_alice, m.role, m.joined_seq, m.delivered_id, m.read_id), ' ' order by m.user_id) from members m),
		'towner100 fmember100',
		'members'
	);
	perform same((select count(*) from members m join conversations c on c.last_id = m.joined_id), 2::bigint, 'joined with that event');
	perform whole();
end
$$;
