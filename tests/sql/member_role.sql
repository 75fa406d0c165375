-- Only the owner sets roles, and may make another member the owner. A group always has an owner.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_direct bigint := direct(v_alice, v_bob);
	v_notifications text[];
	v_ask text := 'select member_role(%s, %s, %s, %L)';
begin
	v_notifications := notifications(format('member_role(%s, %s, %s, %L)', v_group, v_alice, v_bob, 'admin'));
	perform same(v_notifications[1]::json ->> 'role', 'admin', 'body');
	perform same(cardinality(v_notifications), 2, 'one event');
	perform same(cardinality(notifications(format('member_role(%s, %s, %s, %L)', v_group, v_alice, v_bob, 'admin'))), 1, 'no event when nothing changes');
	perform refused(format(v_ask, v_group, v_bob, v_alice, 'member'), 'forbidden');
	perform refused(format(v_ask, v_group, v_alice, v_alice, 'member'), 'invalid_body');
	perform refused(format(v_ask, v_group, v_alice, v_bob, 'king'), 'invalid_body');
	perform refused(format(v_ask, v_group, v_alice, v_bob, null), 'invalid_body');
	perform refused(format(v_ask, v_group, v_alice, 1, 'admin'), 'member_not_found');
	perform refused(format(v_ask, v_group, person('eve'), v_bob, 'admin'), 'not_a_member');
	perform refused(format(v_ask, v_direct, v_alice, v_bob, 'admin'), 'direct_conversation');

	v_notifications := notifications(format('member_role(%s, %s, %s, %L)', v_group, v_alice, v_bob, 'owner'));
	perform same(v_notifications[1]::json ->> 'role', 'owner', 'handed over');
	perform same(cardinality(v_notifications), 3, 'two events');
	perform same((member_require(v_group, v_alice)).role, 'admin', 'the owner of before');
	perform whole();
end
$$;
