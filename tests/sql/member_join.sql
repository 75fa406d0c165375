-- Who joins has all that was before behind them; who joins again begins anew, and the first time is kept.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_first members;
begin
	perform send(v_group, v_bob);
	perform member_remove(v_group, v_bob, v_bob);
	v_first := (select m from members m where m.conversation_id = v_group and m.user_id = v_bob);
	perform member_join(v_group, array[v_bob], v_bob, v_first.left_id + 10, 4, v_first.left_id, 1);
	perform same(
		(select array[f.joined_id, f.joined_seq, f.left_id, f.left_seq] from former_members f where f.user_id = v_bob),
		array[v_first.joined_id, v_first.joined_seq, v_first.left_id, v_first.left_seq],
		'the first time'
	);
	perform same(
		(select m::text from members m where m.conversation_id = v_group and m.user_id = v_bob),
		row(v_group, v_bob, v_first.left_id + 10, 4, null, null, v_first.left_id, v_first.left_id, 1, 'owner')::text,
		'the second time'
	);
end
$$;
