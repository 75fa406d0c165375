-- The events of a range, with their sizes; those that a place of reading covers are omitted.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_room bigint := group_of(v_alice);
	v_one bigint := send(v_room, v_alice, repeat('x', 1000));
	v_two bigint := send(v_room, v_alice);
	v_three bigint;
	v_snapshot text := pg_current_snapshot();
begin
	perform conversation_update(v_room, v_alice, 'renamed');
	v_three := last_id(v_room);
	perform same(
		(select array_agg(e.id order by e.id) from sync_conversation(v_room, v_one, v_three, null, null, null, 10) e),
		array[v_one, v_two, v_three],
		'the range'
	);
	perform same(
		(select array_agg(e.is_message order by e.id) from sync_conversation(v_room, v_two, v_three, null, null, null, 10) e),
		array[true, false],
		'a message and a change'
	);
	perform same((select count(*) from sync_conversation(v_room, v_one, v_three, null, null, null, 1) e), 2::bigint, 'a limit for each table');
	perform same((select e.bytes between 1000 and 1300 from sync_conversation(v_room, v_one, v_one, null, null, null, 1) e), true, 'the size');
	update messages set xact = null where conversation_id = v_room;
	perform same(
		(select array_agg(e.id order by e.id) from sync_conversation(v_room, v_one, v_three, array[v_two], array[v_room], array[v_snapshot], 10) e),
		array[v_two, v_three],
		'a place of reading covers the events before it'
	);
end
$$;
