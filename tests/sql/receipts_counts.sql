-- Counts present members who were present at the send, except the sender. Compares every mark with
-- every message.
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
	-- alice has read all up to three, bob his own and what was before, carol has three and has
	-- read one, dave has nothing of three
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

-- Marks of all kinds: the counts are what counting each member for each message gives.
do $$
declare
	v_people bigint[] := array(select person('counted' || n) from generate_series(1, 40) n);
	v_group bigint := group_of(v_people[1], v_people[2:20]);
	v_messages bigint[];
begin
	for i in 1..20 loop
		v_messages[i] := send(v_group, v_people[1 + i % 3]);
		perform member_add(v_group, v_people[1], v_people[20 + i:20 + i]);
	end loop;
	perform member_remove(v_group, v_people[1], v_people[2]);
	update members m
	set delivered_id = greatest(m.delivered_id, v_messages[1 + hashint8(m.user_id) & 15] - hashint8(m.user_id) % 2),
		read_id = least(m.delivered_id, v_messages[1 + hashint8(m.user_id + 1) & 15])
	where m.conversation_id = v_group
		and m.user_id <> all (v_people[1:3]);
	perform same(
		(select array_agg(r::text) from receipts_counts(v_group, v_messages[3:18]) r),
		(
			select array_agg(row(c.id, c.sender_id, c.delivered, c.read, c.of)::text order by c.id)
			from (
				select s.id, s.sender_id,
					count(*) filter (where m.delivered_id >= s.id) as delivered,
					count(*) filter (where m.read_id >= s.id) as read,
					count(*) as of
				from messages s
				join members m on m.conversation_id = s.conversation_id and m.user_id <> s.sender_id and m.joined_id < s.id
				where s.id = any (v_messages[3:18])
				group by 1, 2
			) c
		),
		'counted one by one'
	);
end
$$;
