-- Memberships that began since an id, ended or not.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_old bigint := group_of(v_alice, array[v_bob]);
	v_since bigint := test.last_id(v_old) + 1;
	v_left bigint := group_of(v_alice, array[v_bob]);
	v_gone bigint := group_of(v_alice, array[v_bob]);
	v_new bigint := group_of(v_alice, array[v_bob, person('carol')]);
begin
	perform member_remove(v_left, v_bob, v_bob), conversation_delete(v_gone, v_alice);
	perform same(
		(select array_agg(row(s.user_id, s.conversation_id)::text order by s.conversation_id) from sweep_members(array[v_bob, 1], v_since) s),
		array[row(v_bob, v_left)::text, row(v_bob, v_gone)::text, row(v_bob, v_new)::text],
		'bob'
	);
	perform same((select count(*) from sweep_members(array[v_bob], v_since - 1)), 4::bigint, 'from that id on');
end
$$;
