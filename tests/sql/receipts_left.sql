-- P5: the status of a message does not go back when those who have received or read it leave; a
-- rejoin changes nothing.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_carol bigint := person('carol');
	v_group bigint := group_of(v_alice, array[v_bob, v_carol]);
	v_early bigint := send(v_group, v_alice);
	v_late bigint := send(v_group, v_alice);
	v_unseen bigint := send(v_group, v_alice);
begin
	perform conversation_read(v_group, v_bob, v_early);
	perform conversation_read(v_group, v_carol, v_early);
	perform receipts_update(v_bob, array[v_group], array[v_late], null);
	perform same(jsonb(message_get(v_group, v_alice, v_early)) ->> 'status', 'read', 'read by both');
	perform member_remove(v_group, v_carol, v_carol);
	perform same(jsonb(message_get(v_group, v_alice, v_late)) ->> 'status', 'delivered', 'delivered to the other');
	perform member_remove(v_group, v_bob, v_bob);
	perform same(jsonb(message_get(v_group, v_alice, v_early)) ->> 'status', 'read', 'both have left');
	perform same(jsonb(message_get(v_group, v_alice, v_late)) ->> 'status', 'delivered', 'likewise');
	perform same(jsonb(message_get(v_group, v_alice, v_unseen)) ->> 'status', 'sent', 'neither has received it');
	perform same(jsonb(message_list(v_group, v_alice, null, null, null, 50)) #>> '{messages,0,status}', 'read', 'in history');
	perform same(receipts_left(v_group, send(v_group, v_alice)), 'sent', 'a message after they left');
	perform member_add(v_group, v_alice, array[v_bob]);
	perform same(jsonb(message_get(v_group, v_alice, v_early)) ->> 'status', 'read', 'one is there again');
	perform same(jsonb(message_get(v_group, v_alice, v_late)) ->> 'status', 'delivered', 'likewise');
	perform same(jsonb(message_get(v_group, v_alice, v_unseen)) ->> 'status', 'sent', 'a rejoin delivers nothing');
	perform receipts_deliver(array[v_carol], array[v_unseen * 2], null, null, null, null);
	perform same(jsonb(message_get(v_group, v_alice, v_unseen)) ->> 'status', 'sent', 'nor does the cursor of one who has left');
end
$$;
