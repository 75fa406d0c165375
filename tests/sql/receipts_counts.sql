-- Who counts: members of now who were there when it was sent, but not the sender; every mark is compared with every message.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_carol bigint := person('carol');
	v_dave bigint := person('dave');
	v_group bigint := group_of(v_alice, array[v_bob, v_carol]);
	v_one bigint := send(v_group, v_alice);
	v_two bigint := send(v_group, v_bob);
	v_three bigint;
begin
	perform member_add(v_group, v_alice, array[v_dave]);
	v_three := send(v_group, v_alice);
	perform receipts_update(v_carol, array[v_group], array[v_three], array[v_one]);
	-- alice has read all up to three, bob his own and what was before, carol has three and has read one, dave has nothing of three
	perform same(
		(select string_agg(concat_ws('/', r.delivered, r.read, r.of_members), ' ' order by r.message_id)
			from receipts_counts(v_group, array[v_three, v_one, v_two, v_two, 1]) r),
		'2/2/2 2/1/2 1/0/3',
		'counts'
	);
	perform same(
		(select string_agg(r.sender_id::text, ' ' order by r.message_id) from receipts_counts(v_group, array[v_one, v_two]) r),
		concat(v_alice, ' ', v_bob),
		'senders'
	);

	perform member_remove(v_group, v_bob, v_bob);
	perform same(
		(select string_agg(concat_ws('/', r.delivered, r.read, r.of_members), ' ' order by r.message_id)
			from receipts_counts(v_group, array[v_one, v_two, v_three]) r),
		'1/1/1 2/1/2 1/0/2',
		'without bob, who has left'
	);
	perform member_add(v_group, v_alice, array[v_bob]);
	perform same(
		(select string_agg(concat_ws('/', r.delivered, r.read, r.of_members), ' ' order by r.message_id)
			from receipts_counts(v_group, array[v_one, v_two, v_three]) r),
		'1/1/1 2/1/2 1/0/2',
		'nor when he is back: he was not there'
	);
	perform same((select count(*) from receipts_counts(v_group, '{}')), 0::bigint, 'none asked');
	perform same((select count(*) from receipts_counts(v_group, null)), 0::bigint, 'null asked');
end
$$;
