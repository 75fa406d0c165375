-- The read marks of members, for their own streams.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_room bigint := group_of(v_alice, array[v_bob]);
	v_message bigint := send(v_room, v_alice);
begin
	perform conversation_read(v_room, v_bob, v_message);
	perform same(
		(select array_agg(row (r.user_id, r.read_id, r.body::json ->> 'unread_count')::text) from marks_read(array[v_room, v_room], array[v_bob, 1]) r),
		array[row (v_bob, v_message, '0')::text],
		'the member'
	);
end
$$;
