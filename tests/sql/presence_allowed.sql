-- Users who share a conversation with the reader, and the reader.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_carol bigint := person('carol');
	v_dave bigint := person('dave');
	v_shared bigint := group_of(v_alice, array[v_bob]);
	v_left bigint := group_of(v_alice, array[v_carol]);
	v_gone bigint := group_of(v_alice, array[v_dave]);
begin
	perform direct(v_carol, v_dave);
	perform same(
		(select array_agg(user_id order by user_id) from presence_allowed(v_alice, array[v_dave, v_carol, v_bob, v_alice, 1])),
		array[v_alice, v_bob, v_carol, v_dave],
		'all'
	);
	perform member_remove(v_left, v_carol, v_carol), conversation_delete(v_gone, v_alice);
	perform same(
		(select array_agg(user_id order by user_id) from presence_allowed(v_alice, array[v_dave, v_carol, v_bob])),
		array[v_bob],
		'those who are left'
	);
	perform member_remove(v_shared, v_alice, v_alice);
	perform same((select count(*) from presence_allowed(v_alice, array[v_bob])), 0::bigint, 'not after one has left oneself');
	perform same((select count(*) from presence_allowed(v_bob, array[v_carol])), 0::bigint, 'a friend of a friend');
end
$$;
