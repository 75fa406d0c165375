-- Pairs of users who share a conversation, many at once.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_carol bigint := person('carol');
	v_room bigint := group_of(v_alice, array[v_bob]);
begin
	perform same(
		(
			select array_agg(array[user_id, other_id] order by user_id, other_id)
			from presence_rights(array[v_alice, v_alice, v_bob, v_carol, v_bob], array[v_bob, v_carol, v_alice, v_carol, v_alice])
		),
		array[array[v_alice, v_bob], array[v_bob, v_alice], array[v_carol, v_carol]],
		'those who share one'
	);
	perform member_remove(v_room, v_bob, v_bob);
	perform same((select count(*) from presence_rights(array[v_alice, v_bob], array[v_bob, v_alice])), 0::bigint, 'neither way after a removal');
	perform member_add(v_room, v_alice, array[v_bob]);
	perform same((select count(*) from presence_rights(array[v_alice, v_bob], array[v_bob, v_alice])), 2::bigint, 'both ways after joining again');
end
$$;
