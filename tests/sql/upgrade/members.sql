-- Ended memberships have moved to former_members. Each user receives the events of their
-- memberships, and none between.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := 101;
	v_bob bigint := 102;
	v_carol bigint := 103;
	v_room bigint := 110;
	v_deleted bigint := 111;
begin
	perform same(
		(select array_agg(row(m.conversation_id, m.user_id, m.joined_id, m.left_id, m.read_ordinal)::text order by m.user_id)
			from members m where m.conversation_id in (v_room, v_deleted)),
		array[row(v_room, v_alice, 110, null, 3)::text, row(v_room, v_carol, 150, null, 2)::text],
		'live ones'
	);
	perform same(
		(select array_agg(f::text order by f.conversation_id, f.user_id, f.joined_id)
			from former_members f where f.conversation_id in (v_room, v_deleted)),
		array[
			row(v_room, v_bob, 110, 1, 140, 4, 120, 120, 110)::text,
			row(v_room, v_carol, 110, 1, 130, 3, 130, 0, 0)::text,
			row(v_deleted, v_alice, 111, 1, 180, 4, 180, 180, 130)::text,
			row(v_deleted, v_bob, 111, 1, 180, 4, 130, 130, 130)::text,
			row(v_deleted, v_carol, 111, 1, 170, 3, 170, 170, 0)::text
		],
		'ended ones'
	);
	perform same((select array_agg(c.member_count order by c.id) from conversations c where c.id in (v_room, v_deleted)), array[2, 0], 'counts');

	-- a device with a cursor
	perform same(missed(v_bob, 0, v_room), '1 conversation.created, 2 message.created, 3 member.removed, 4 member.removed', 'bob has left');
	perform same(
		missed(v_carol, 0, v_room),
		'1 conversation.created, 2 message.created, 3 member.removed, 6 conversation.created, 7 message.created',
		'carol has come back'
	);
	perform same(
		missed(v_bob, 0, v_deleted),
		'1 conversation.created, 2 message.created, 3 member.removed, 4 conversation.deleted',
		'deleted'
	);
	perform same(missed(v_carol, 0, v_deleted), '1 conversation.created, 2 message.created, 3 member.removed', 'left before');
	perform same(missed(v_bob, 141, v_room), null, 'bob has heard of his end');

	-- a device without one
	perform same(missed(v_bob, null, v_room), '3 member.removed, 4 member.removed', 'what bob has not received');
	perform same(missed(v_bob, null, v_deleted), '3 member.removed, 4 conversation.deleted', 'of the deleted one');
	perform same(missed(v_carol, null, v_room), '6 conversation.created, 7 message.created', 'carol, her second time');
	perform same(missed(v_alice, null), null, 'alice has it all');
	perform same(
		(select o.conversations from streams_open(array[v_bob], array[122::bigint], array[null::bigint]) o),
		array[v_room, v_deleted],
		'bob opens'
	);

	-- the rules go on from these rows
	perform refused(format('select message_list(%s, %s, null, null, null, 10)', v_room, v_bob), 'not_a_member');
	perform refused(format('select conversation_get(%s, %s)', v_deleted, v_alice), 'not_a_member');
	perform member_add(v_room, v_alice, array[v_bob]);
	perform same((select member_count from conversations where id = v_room), 3, 'bob is back');
	perform same(missed(v_bob, null, v_room), '8 conversation.created', 'with that event');
end
$$;
