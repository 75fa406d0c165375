-- Marks that have moved since a position; in a large conversation only whether some have.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_room bigint := group_of(v_alice, array[v_bob]);
	v_message bigint := send(v_room, v_alice);
	v_next bigint := pg_current_xact_id()::text::bigint + 1;
	v_large bigint;
begin
	perform conversation_read(v_room, v_bob, v_message);
	perform same(
		(select array_agg(array[user_id, delivered_id, read_id]) from marks_moved(array[v_room, 1], marks_clock()) where user_id = v_bob),
		array[array[v_bob, v_message, v_message]],
		'moved'
	);
	perform same((select count(*) from marks_moved(array[v_room], null)), 2::bigint, 'at any time');
	perform same((select count(*) from marks_moved(array[v_room], v_next)), 0::bigint, 'not since');

	v_large := group_of(v_alice, array(select person('member.' || n) from generate_series(1, names_limit()) n));
	perform same(
		(select array_agg(array[conversation_id, user_id, delivered_id, read_id]) from marks_moved(array[v_large], marks_clock())),
		array[array[v_large, 0, 0, 0]],
		'a large one'
	);
	perform conversation_delete(v_large, v_alice);
	perform same((select count(*) from marks_moved(array[v_large], null)), 0::bigint, 'deleted');
end
$$;
