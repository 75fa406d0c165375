-- An ended membership moves to former_members with its times and marks; other memberships stay.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_carol bigint := person('carol');
	v_group bigint := group_of(v_alice, array[v_bob, v_carol]);
	v_other bigint := group_of(v_alice, array[v_bob]);
	v_joined bigint := test.last_id(v_group);
	v_marked bigint := send(v_group, v_bob);
	v_end bigint := v_marked + 10;
begin
	perform members_end(v_group, v_bob, v_end, 3);
	perform same(
		(select array_agg(f::text) from former_members f),
		array[row(v_group, v_bob, v_joined, 1, v_end, 3, v_marked, v_marked, v_marked)::text],
		'of one'
	);
	perform same(
		(select array_agg(m.user_id order by m.user_id) from members m where m.conversation_id = v_group),
		array[v_alice, v_carol],
		'the others are members'
	);
	perform members_end(v_group, v_bob, v_end + 1, 4);
	perform same((select count(*) from former_members), 1::bigint, 'once');

	perform members_end(v_group, null, v_end + 2, 5);
	perform same(
		(select array_agg(f.user_id order by f.user_id) from former_members f where f.left_id = v_end + 2 and f.left_seq = 5 and f.delivered_id = 0),
		array[v_alice, v_carol],
		'of all'
	);
	perform same((select count(*) from members m where m.conversation_id = v_group), 0::bigint, 'nobody is a member');
	perform same((select count(*) from members m where m.conversation_id = v_other), 2::bigint, 'of this conversation');
end
$$;
