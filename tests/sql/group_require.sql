-- Rights over a group by the role of the member, and the order of the errors.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_carol bigint := person('carol');
	v_eve bigint := person('eve');
	v_group bigint := group_of(v_alice, array[v_bob, v_carol]);
	v_direct bigint := direct(v_alice, v_bob);
	v_ask text := 'select group_require(%s, %s, %L)';
begin
	perform member_role(v_group, v_alice, v_bob, 'admin');
	perform same(group_require(v_group, v_alice, 'owner')::text, '(owner,3)', 'the owner');
	perform same(group_require(v_group, v_alice, 'admin')::text, '(owner,3)', 'the owner, where admins may');
	perform same(group_require(v_group, v_bob, 'admin')::text, '(admin,3)', 'an admin');
	perform same(group_require(v_group, v_bob, 'member')::text, '(admin,3)', 'an admin, where members may');
	perform same(group_require(v_group, v_carol, 'member')::text, '(member,3)', 'a member');
	perform refused(format(v_ask, v_group, v_bob, 'owner'), 'forbidden');
	perform refused(format(v_ask, v_group, v_carol, 'owner'), 'forbidden');
	perform refused(format(v_ask, v_group, v_carol, 'admin'), 'forbidden');
	perform refused(format(v_ask, v_group, v_eve, 'owner'), 'not_a_member');
	perform refused(format(v_ask, 1, v_alice, 'member'), 'not_a_member');
	perform refused(format(v_ask, v_direct, v_alice, 'owner'), 'direct_conversation');
	perform refused(format(v_ask, v_direct, v_alice, 'member'), 'direct_conversation');
	perform refused(format(v_ask, v_direct, v_eve, 'member'), 'not_a_member');
end
$$;
