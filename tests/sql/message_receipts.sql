-- The other members who were present, by name, page by page.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_carol bigint := person('carol');
	v_dave bigint := person('dave');
	v_group bigint := group_of(v_alice, array[v_bob, v_carol]);
	v_one bigint := send(v_group, v_bob);
begin
	perform member_add(v_group, v_alice, array[v_dave]);
	perform conversation_read(v_group, v_alice, v_one);
	perform same(
		message_receipts(v_group, v_alice, v_one, null, 1)::text,
		format('{"receipts":[{"user_id":"%s","delivered":true,"read":true}],"has_more":true}', v_alice),
		'first page'
	);
	perform same(
		message_receipts(v_group, v_carol, v_one, v_alice, 1)::text,
		format('{"receipts":[{"user_id":"%s","delivered":false,"read":false}],"has_more":false}', v_carol),
		'second page, without the sender and who came later'
	);
	perform refused(format('select message_receipts(%s, %s, 1, null, 5)', v_group, v_alice), 'message_not_found');
	perform refused(format('select message_receipts(%s, %s, %s, null, 5)', v_group, person('eve'), v_one), 'not_a_member');
end
$$;
