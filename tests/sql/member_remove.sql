-- Members leave and are removed, by rank. Another member becomes the owner when the owner leaves.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_carol bigint := person('carol');
	v_dave bigint := person('dave');
	v_group bigint := group_of(v_alice, array[v_bob, v_carol, v_dave]);
	v_direct bigint := direct(v_alice, v_bob);
	v_notifications text[];
	v_ask text := 'select member_remove(%s, %s, %s)';
begin
	perform member_role(v_group, v_alice, v_bob, 'admin'), member_role(v_group, v_alice, v_carol, 'admin');
	perform refused(format(v_ask, v_group, v_dave, v_carol), 'forbidden');
	perform refused(format(v_ask, v_group, v_bob, v_carol), 'forbidden');
	perform refused(format(v_ask, v_group, v_bob, v_alice), 'forbidden');
	perform refused(format(v_ask, v_group, v_bob, 1), 'member_not_found');
	perform refused(format(v_ask, v_group, 1, v_bob), 'not_a_member');
	perform refused(format(v_ask, v_direct, v_alice, v_bob), 'direct_conversation');
	perform refused(format(v_ask, v_direct, v_alice, v_alice), 'direct_conversation');

	v_notifications := notifications(format('member_remove(%s, %s, %s)', v_group, v_bob, v_dave));
	perform same(v_notifications[1], '{}', 'body');
	perform same(
		v_notifications[2],
		format(E'c:%s e %s 4 %s\n', v_group, test.last_id(v_group), v_dave) || event_json(
			'member.removed', v_group, test.last_id(v_group), 4, format('{"user_id":"%s","removed_by":"%s"}', v_dave, v_bob)
		),
		'an admin removes a member'
	);
	perform same((select array[left_id, left_seq] from former_members where user_id = v_dave), array[test.last_id(v_group), 4], 'it is kept');
	perform same((select count(*) from members where conversation_id = v_group), 3::bigint, 'of three others');
	perform refused(format(v_ask, v_group, v_alice, v_dave), 'member_not_found');
	perform same((member_require(v_group, v_bob)).member_count, 3, 'count');

	v_notifications := notifications(format('member_remove(%s, %s, %s)', v_group, v_alice, v_alice));
	perform same(v_notifications[2] like format(E'%%"type":"member.updated"%%"user_id":"%s"%%"role":"owner"%%', v_bob), true, v_notifications[2]);
	perform same(v_notifications[3] like E'%"type":"member.removed"%', true, v_notifications[3]);
	perform same((member_require(v_group, v_bob)).role, 'owner', 'the first admin is the heir');
	perform member_role(v_group, v_bob, v_carol, 'member');
	perform member_remove(v_group, v_bob, v_bob);
	perform same((member_require(v_group, v_carol)).role, 'owner', 'then a member');
	perform same(cardinality(notifications(format('member_remove(%s, %s, %s)', v_group, v_carol, v_carol))), 2, 'the last one leaves to nobody');
	perform whole();
end
$$;
