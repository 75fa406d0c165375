-- One message, with receipts for its sender only.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_group bigint := group_of(v_alice, array[v_bob], 'joined');
	v_one bigint := send(v_group, v_alice);
	v_carol bigint := person('carol');
begin
	perform same(message_get(v_group, v_alice, v_one) ->> 'status', 'sent', 'to its sender');
	perform receipts_update(v_bob, array[v_group], array[v_one], null);
	perform same(message_get(v_group, v_alice, v_one) ->> 'status', 'delivered', 'later');
	perform same(message_get(v_group, v_alice, v_one) ->> 'receipts', '{"delivered":1,"read":0,"of":1}', 'counts');
	perform same(message_get(v_group, v_bob, v_one) ->> 'status', null, 'to somebody else');
	perform refused(format('select message_get(%s, %s, 1)', v_group, v_alice), 'message_not_found');
	perform refused(format('select message_get(%s, %s, %s)', v_group, v_carol, v_one), 'not_a_member');
	perform member_add(v_group, v_alice, array[v_carol]);
	perform refused(format('select message_get(%s, %s, %s)', v_group, v_carol, v_one), 'message_not_found');
end
$$;
