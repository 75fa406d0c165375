-- The role and its event.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_notification text := member_set_role(v_group, v_alice, v_bob, 'admin');
begin
	perform same((member_require(v_group, v_bob)).role, 'admin', 'role');
	perform same(
		v_notification,
		event_notification(test.last_id(v_group), 2, '0', event_json('member.updated', v_group, test.last_id(v_group), 2, (
			select member_json(m, u) from members m join users u on u.id = m.user_id where m.user_id = v_bob
		))),
		'event'
	);
end
$$;
