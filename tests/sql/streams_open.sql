-- Subscriptions of streams, one after the other, with all fields.
-- SPDX-License-Identifier: MIT

-- Returns the answer for one stream as text, in the order of the conversations' ids.
create function pg_temp.opened(in_user bigint, in_device bigint, in_base bigint)
returns text[]
language sql
as $$
	select array_agg(t::text order by t.conversation)
	from streams_open(array[in_user], array[in_device], array[in_base]) o,
		unnest(o.conversations, o.ended, o.last_seqs, o.last_ids, o.member_counts, o.delivered)
			as t (conversation, ended, last_seq, last_id, member_count, delivered)
$$;

do $$
declare
	v_alice bigint := person('alice');
	v_phone bigint := device_create(v_alice, 'phone', hash(9), 60);
	v_bob bigint := person('bob');
	v_desk bigint := device_create(v_bob, 'desk', hash(8), 60);
	v_gone bigint := group_of(v_alice);
	v_left bigint := group_of(v_bob, array[v_alice]);
	v_group bigint;
	v_floor bigint := (select last_value from clock_floor);
	v_end bigint;
	v_back bigint;
begin
	-- nothing, and what was left or deleted while away: once, by the delivered mark or by the
	-- base
	perform group_of(v_bob);
	perform conversation_delete(v_gone, v_alice), member_remove(v_left, v_alice, v_alice);
	v_end := (select left_id from former_members where conversation_id = v_left and user_id = v_alice);
	perform same(
		pg_temp.opened(v_alice, v_phone, null),
		array[row(v_gone, true, 2, test.last_id(v_gone), 0, false)::text, row(v_left, true, 2, v_end, 0, false)::text],
		'they have ended, undelivered'
	);
	perform same(pg_temp.opened(v_alice, v_phone, v_end), array[row(v_left, true, 2, v_end, 0, false)::text], 'at the base');
	perform same(pg_temp.opened(v_alice, v_phone, v_end + 1), null, 'below the base');
	update former_members set delivered_id = left_id where user_id = v_alice;
	perform same(pg_temp.opened(v_alice, v_phone, null), null, 'delivered');

	-- a conversation that goes on, and an earlier time in it
	v_group := group_of(v_alice, array[v_bob]);
	perform same(
		pg_temp.opened(v_alice, v_phone, null),
		array[row(v_group, false, 1, test.last_id(v_group), 2, false)::text],
		'one'
	);
	perform send(v_group, v_alice);
	perform same(
		pg_temp.opened(v_alice, v_phone, v_end + 1),
		array[row(v_group, false, 2, test.last_id(v_group), 2, true)::text],
		'its own message is delivered'
	);
	perform member_remove(v_group, v_alice, v_bob);
	v_back := test.last_id(v_group);
	perform member_add(v_group, v_alice, array[v_bob]);
	perform same(
		row(v_group, true, 3, v_back, 0, true)::text = any (pg_temp.opened(v_bob, v_desk, v_back)),
		true,
		'an earlier time, at the base'
	);
	perform same(
		(select count(*) from unnest(pg_temp.opened(v_bob, v_desk, null)) o where o like format('(%s,%%', v_group)),
		1::bigint,
		'an earlier time, without a base'
	);
	perform same(
		row(v_group, true, 3, v_back, 0, true)::text = any (pg_temp.opened(v_bob, v_desk, v_back + 1)),
		false,
		'an earlier time, below it'
	);

	-- many at once, each for itself, in their order
	perform same(
		(select array_agg(row(o.status, cardinality(o.conversations))::text)
			from streams_open(array[v_alice, 1, v_bob, v_alice], array[v_phone, v_phone, v_phone, v_phone], array[null, null, null, null]::bigint[]) o),
		array['(ok,1)', '(user_not_found,)', '(device_revoked,)', '(ok,1)'],
		'of several'
	);
	perform device_end(v_phone);
	perform same((select o.status from streams_open(array[v_alice], array[v_phone], array[null::bigint]) o), 'device_revoked', 'signed out');

	-- what cannot be gone on from
	perform same(
		(select array_agg(o.reset) from streams_open(array[v_bob, v_bob], array[v_desk, v_desk], array[stream_horizon(), 0]) o),
		array[null, null]::text[],
		'a horizon, the beginning'
	);
	perform same(
		(select array_agg(o.reset) from streams_open(array[v_bob], array[v_desk], array[id_at(clock_timestamp() + interval '1 minute')]) o),
		array['ahead'],
		'beyond the clock'
	);
	perform setval('clock_floor', id_at(clock_timestamp() + interval '1 hour'));
	perform same(
		(select array_agg(o.reset) from streams_open(array[v_bob], array[v_desk], array[id_at(clock_timestamp() + interval '1 minute')]) o),
		array[null]::text[],
		'within the floor'
	);
	perform setval('clock_floor', v_floor);
	update retention set kept_id = 100;
	perform same(
		(select array_agg(o.reset) from streams_open(array[v_bob, v_bob], array[v_desk, v_desk], array[99, 100]) o),
		array['expired', null],
		'below what is kept, and kept'
	);
end
$$;
