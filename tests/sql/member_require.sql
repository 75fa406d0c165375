-- The rights of a member. A stranger, a former member and a deleted conversation get the same
-- error.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_full bigint := group_of(v_alice, array[v_bob]);
	v_joined bigint := group_of(v_alice, array[v_bob], 'joined');
	v_direct bigint := direct(v_alice, v_bob);
	v_ask text := 'select member_require(%s, %s)';
begin
	perform same(member_require(v_full, v_alice)::text, '(owner,group,2,0)', 'the owner');
	perform same(member_require(v_direct, v_alice)::text, '(member,direct,2,0)', 'a direct conversation');
	perform same(
		(member_require(v_joined, v_bob)).visible_id,
		(select joined_id from members where conversation_id = v_joined and user_id = v_bob),
		'history since joining'
	);
	perform refused(format(v_ask, v_full, 1), 'not_a_member');
	perform refused(format(v_ask, 1, v_alice), 'not_a_member');
	perform member_remove(v_full, v_alice, v_bob);
	perform refused(format(v_ask, v_full, v_bob), 'not_a_member');
	perform conversation_delete(v_full, v_alice);
	perform refused(format(v_ask, v_full, v_alice), 'not_a_member');
end
$$;
