-- Events that a cursor does not cover: bases, exceptions, pages, and the edges of every kind of
-- membership.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_carol bigint := person('carol');
	v_room bigint := group_of(v_alice, array[v_bob]);
	v_hall bigint := group_of(v_alice, array[v_bob]);
	v_one bigint := send(v_room, v_alice);
	v_two bigint := send(v_hall, v_alice);
	v_three bigint := send(v_room, v_bob);
	v_four bigint := send(v_hall, v_bob);
	v_secret bigint;
	v_event record;
	v_page record;
	v_seen text := '';
	v_conversations bigint[] := '{}';
	v_ids bigint[] := '{}';
begin
	-- a base covers what is below it, an exception what is up to it, in its conversation alone
	perform same(missed(v_bob, v_two), '2 message.created, 3 message.created, 3 message.created', 'from the base on');
	perform same(missed(v_bob, v_two + 1), '3 message.created, 3 message.created', 'above it');
	perform same(missed(v_bob, v_one, v_room, v_three), null, 'all of the room');
	perform same(missed(v_bob, v_one, v_room, v_one), '3 message.created', 'the rest of the room');
	perform same((select count(*) from sync_events(v_bob, v_one, array[v_room], array[v_three], 100)), 2::bigint, 'the hall is not listed');
	perform same((select count(*) from sync_events(v_bob, v_four + 1, null, null, 100)), 0::bigint, 'nothing more');
	perform same((select count(*) from sync_events(v_carol, 0, array[v_room], array[1], 100)), 0::bigint, 'nothing for a stranger, listed or not');

	-- the order, and pages that follow one another by exceptions
	loop
		v_page := null;
		for v_page in select e.conversation_id, e.id, e.seq from sync_events(v_bob, 0, v_conversations, v_ids, 2) e loop
			v_seen := v_seen || case v_page.conversation_id when v_room then 'r' else 'h' end || v_page.seq || ' ';
			v_conversations := v_conversations || v_page.conversation_id;
			v_ids := v_ids || v_page.id;
		end loop;
		exit when v_page is null;
	end loop;
	perform same(v_seen, 'r1 h1 r2 h2 r3 h3 ', 'by pages of two');

	-- events as they were announced; the first one is made for the reader
	select e.id, e.gone, e.event into v_event from sync_events(v_bob, v_one, array[v_room], array[v_one], 1) e where e.conversation_id = v_hall;
	perform same(
		v_event.event,
		event_json('message.created', v_hall, v_two, 2, (select message_json(m) from messages m where m.id = v_two)),
		'a message'
	);
	select e.id, e.gone, e.event into v_event from sync_events(v_bob, 0, null, null, 1) e;
	perform same(v_event.event::json ->> 'type', 'conversation.created', 'the beginning');
	perform same(v_event.event::json ->> 'data', conversation_json(v_room, v_bob), 'for bob');

	-- without a base: after the delivered mark
	perform same(missed(v_bob, null, v_room), null, 'bob has sent the last');
	perform same(missed(v_alice, null, v_room), '3 message.created', 'alice has not got that');
	perform receipts_update(v_alice, array[v_room], array[v_three], null);
	perform same(missed(v_alice, null, v_room), null, 'but now');

	-- who comes later begins with conversation.created in the place of member.added
	perform member_add(v_room, v_alice, array[v_carol]);
	perform send(v_room, v_alice);
	perform same(missed(v_carol, 0, v_room), '4 conversation.created, 5 message.created', 'carol joins');
	perform same(missed(v_carol, null, v_room), '4 conversation.created, 5 message.created', 'a device that never was here');
	perform same(missed(v_bob, v_four, v_room), '4 member.added, 5 message.created', 'and bob sees it');

	-- who is removed ends with that, and learns nothing from after it
	perform member_remove(v_room, v_alice, v_carol);
	v_secret := send(v_room, v_alice, 'secret');
	perform conversation_update(v_room, v_alice, 'secret');
	perform same(missed(v_carol, 0, v_room), '4 conversation.created, 5 message.created, 6 member.removed', 'carol is removed');
	perform same((select string_agg(e.event::text, '') like '%secret%' from sync_events(v_carol, 0, null, null, 100) e), false, 'no secret');
	perform same(
		(select string_agg(e.gone, ' ' order by e.seq) from sync_events(v_carol, 0, array[v_room], array[1], 100) e),
		concat('0 0 ', v_carol),
		'gone'
	);
	perform same(missed(v_carol, 0, v_room, (select left_id from former_members where user_id = v_carol)), null, 'all read');

	perform same(missed(v_carol, null, v_room), '4 conversation.created, 5 message.created, 6 member.removed', 'a device without a base');
	perform receipts_deliver(array[v_carol], array[9223372036854775807], null, null, null);
	perform same(missed(v_carol, null, v_room), null, 'delivered');

	-- who comes back gets both of their times, and nothing from between
	perform member_add(v_room, v_alice, array[v_carol]);
	perform send(v_room, v_alice);
	perform same(
		missed(v_carol, 0, v_room),
		'4 conversation.created, 5 message.created, 6 member.removed, 9 conversation.created, 10 message.created',
		'carol is back'
	);
	perform same(missed(v_carol, v_secret, v_room), '9 conversation.created, 10 message.created', 'who had the first time');
	perform same(missed(v_carol, null, v_room), '9 conversation.created, 10 message.created', 'without a base');
	select e.event into v_event from sync_events(v_carol, v_secret, null, null, 1) e;
	perform same(v_event.event::json ->> 'data', conversation_json(v_room, v_carol), 'the second time is of now');

	-- deleted conversations end with that
	perform conversation_delete(v_hall, v_alice);
	perform same(missed(v_bob, v_four, v_hall), '3 message.created, 4 conversation.deleted', 'deleted');
	perform same((select e.gone from sync_events(v_bob, v_four + 1, null, null, 100) e where e.conversation_id = v_hall), '*', 'for all');
	perform same(missed(v_bob, null, v_hall), '4 conversation.deleted', 'without a base');
end
$$;
