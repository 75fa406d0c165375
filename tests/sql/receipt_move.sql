-- Marks go forward only, and not beyond the end. A read mark moves the delivered mark. Only moved
-- marks are published.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_one bigint := send(v_group, v_alice);
	v_two bigint := send(v_group, v_alice);
	v_move text := 'receipt_move(%s, %s, %s, %s)';
	v_notifications text[];
begin
	perform same(
		notifications(format(v_move, v_group, v_bob, v_one, 'null')),
		array[format('c:%s r %s %s 0', v_group, v_bob, v_one)],
		'delivered'
	);
	v_notifications := notifications(format(v_move, v_group, v_bob, 0, v_one));
	perform same(v_notifications[1], format('c:%s r %s %s %s', v_group, v_bob, v_one, v_one), 'read');
	perform same(v_notifications[2] like format('u:%s n %s %s {"type":"conversation.read","time":"20__-%%Z","data":{%%"unread_count":1,%%}}', v_bob, v_group, v_one), true, v_notifications[2]);
	perform same(notifications(format(v_move, v_group, v_bob, 1, 1)), null, 'backwards');
	perform same(notifications(format(v_move, v_group, v_bob, 'null', 'null')), null, 'nowhere');
	perform same((marks(v_group, v_bob)).delivered, v_one, 'where it was');

	perform receipt_move(v_group, v_bob, null, 9223372036854775807);
	perform same(marks(v_group, v_bob)::text, row(v_two, v_two, 0)::text, 'not beyond the end');

	-- what follows holds no message: nobody needs to know who has received it
	perform conversation_update(v_group, v_alice, 'renamed');
	perform same(notifications(format(v_move, v_group, v_bob, test.last_id(v_group), 0)), null, 'a change was delivered');
	perform same((marks(v_group, v_bob)).delivered, test.last_id(v_group), 'but it is noted');

	perform same(notifications(format(v_move, v_group, person('carol'), v_two, 0)), null, 'a stranger');
	perform member_remove(v_group, v_bob, v_bob);
	perform send(v_group, v_alice);
	perform same(notifications(format(v_move, v_group, v_bob, test.last_id(v_group), 0)), null, 'who has left');
	perform whole();
end
$$;
