-- A member who joins has received and read everything before the event of joining; a rejoin
-- restores nothing.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_left bigint;
begin
	perform send(v_group, v_bob);
	perform member_remove(v_group, v_bob, v_bob);
	v_left := test.last_id(v_group);
	perform member_join(v_group, array[v_bob], v_bob, v_left + 10, 4, v_left, 1);
	perform same(
		(select m::text from members m where m.conversation_id = v_group and m.user_id = v_bob),
		row(v_group, v_bob, v_left + 10, 4, null, null, v_left, v_left, 1, 'owner')::text,
		'the second membership'
	);
	perform refused(format('select member_join(%s, %L, null, %s, 5, %s, 1)', v_group, array[v_bob], v_left + 11, v_left), '23505');
end
$$;
