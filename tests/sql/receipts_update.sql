-- Several conversations at once. The largest id of a conversation counts. Conversations of others
-- are skipped and listed.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_direct bigint := direct(v_alice, v_bob);
	v_strange bigint := group_of(v_alice);
	v_gone bigint := group_of(v_alice, array[v_bob]);
	v_one bigint := send(v_group, v_alice);
	v_two bigint := send(v_group, v_alice);
	v_three bigint := send(v_direct, v_alice);
	v_notifications text[];
begin
	perform conversation_delete(v_gone, v_alice);
	v_notifications := notifications(format(
		'receipts_update(%s, %L, %L, %L)',
		v_bob,
		array[v_group, v_group, v_direct, v_strange, v_gone, v_strange],
		array[v_two, v_one, 0, v_one, v_one, 1],
		array[v_one, null, v_three, v_one, v_one, 1]
	));
	perform same(v_notifications[1]::jsonb, format('{"updated":2,"skipped":["%s","%s"]}', v_strange, v_gone)::jsonb, 'reply');
	perform same(cardinality(v_notifications), 5, 'notifications');
	perform same(marks(v_group, v_bob)::text, row(v_two, v_one, 1)::text, 'the group');
	perform same(marks(v_direct, v_bob)::text, row(v_three, v_three, 0)::text, 'the direct one');
	perform same(
		notifications(format('receipts_update(%s, %L, %L, %L)', v_bob, array[v_group], array[v_one], array[0])),
		array['{"updated":1,"skipped":[]}'],
		'nothing new'
	);
	perform same(
		notifications(format('receipts_update(%s, null, null, null)', v_bob)),
		array['{"updated":0,"skipped":[]}'],
		'nothing at all'
	);
	perform whole();
end
$$;
