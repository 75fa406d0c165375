-- A user who is in conversations_limit() conversations is not added to another one, by any
-- function.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_group bigint := group_of(v_alice, array[]::bigint[]);
begin
	perform same(conversations_limit(), 10000, 'limit');
	insert into conversations (id, created_by, kind, history) select n, v_bob, 'group', 'full' from generate_series(1, 9999) n;
	insert into members (conversation_id, user_id, joined_id, joined_seq, role) select n, v_bob, 1, 1, 'member' from generate_series(1, 9999) n;
	perform conversation_direct(v_bob, v_alice);
	perform refused(format('select conversation_direct(%s, %s)', v_bob, person('carol')), 'too_many_conversations');
	perform refused(format('select conversation_group(%s, %L, %L, null)', v_alice, 'one more', array[v_bob]), 'too_many_conversations');
	perform refused(format('select member_add(%s, %s, %L)', v_group, v_alice, array[v_bob]), 'too_many_conversations');
	perform member_remove(5, v_bob, v_bob);
	perform member_add(v_group, v_alice, array[v_bob]);
end
$$;
