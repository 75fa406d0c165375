-- Many sends in one call: each has its own result in its own place, independent of the others, and
-- those of a conversation stay in order.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_eve bigint := person('eve');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_other bigint := group_of(v_bob, array[v_alice]);
	v_old bigint := send(v_group, v_alice, 'before');
	v_statuses text[];
	v_seqs bigint[];
	v_ids bigint[];
	v_rows json[];
	v_before text;
begin
	select array_agg(s.status order by n), array_agg(s.message::json order by n)
	into v_statuses, v_rows
	from messages_send(
		array[v_other, v_group, v_group, v_group, v_group, v_other, v_group, v_group, v_group, 1, v_group, null],
		array[v_alice, v_bob, v_alice, v_alice, v_eve, v_bob, v_alice, v_alice, v_bob, v_alice, v_alice, v_alice],
		array['a', 'b', 'a', 'a', 'e', 'b', 'a', 'r', 'a', 'n', 'r', 'x'],
		array['one', 'two @alice', 'three', 'three', 'no', 'four', 'not three', 'reply', 'five', 'no', 'reply', 'no'],
		array[null, null, '{"k": 1}', '{"k": 1}', null, null, '{"k": 1}', null, null, null, null, null]::jsonb[],
		array[null, null, null, null, null, null, null, 1, v_old, null, v_old, null]::bigint[]
	) with ordinality as s (status, message, event, n);
	perform same(
		v_statuses,
		array['created', 'created', 'created', 'repeated', 'not_a_member', 'created', 'client_id_reused', 'unknown_reply', 'created', 'not_a_member', 'created', 'not_a_member'],
		'each its own'
	);
	perform same(
		(select array_agg(r ->> 'text' order by n) from unnest(v_rows) with ordinality as t (r, n) where r is not null),
		array['one', 'two @alice', 'three', 'three', 'four', 'five', 'reply'],
		'in their places'
	);
	perform same(v_rows[4] ->> 'id', v_rows[3] ->> 'id', 'the one that came twice is one');
	perform same((select array_agg(m.text::text order by m.seq) from messages m where m.conversation_id = v_group), array['before', 'two @alice', 'three', 'five', 'reply'], 'in the order of the call');
	perform same((select array_agg(m.text::text order by m.seq) from messages m where m.conversation_id = v_other), array['one', 'four'], 'another conversation');
	select array_agg(m.seq order by m.id), array_agg(distinct m.id) into v_seqs, v_ids from messages m where m.conversation_id = v_group;
	perform same(v_seqs, array[2, 3, 4, 5, 6]::bigint[], 'seq and id go the same way');
	perform same((select count(distinct id) from messages where conversation_id in (v_group, v_other)), 7::bigint, 'no id twice');
	perform same(
		(select array[last_seq, last_message_id, message_count] from conversations where id = v_group),
		array[6, v_ids[5], 5],
		'the conversation'
	);
	perform same(marks(v_group, v_alice)::text, row(v_ids[5], v_ids[5], 0)::text, 'the marks of who sent last');
	perform same(marks(v_group, v_bob)::text, row(v_ids[4], v_ids[4], 1)::text, 'and of the other');
	perform same((select array_agg(user_id) from mentions where conversation_id = v_group), array[v_alice], 'mentions');

	-- one client_id twice, the first of which may not be
	select array_agg(s.status order by n) into v_statuses
	from messages_send(
		array[v_group, v_group], array[v_alice, v_alice], array['twice', 'twice'], array['', 'good'], array[null, null]::jsonb[], array[null, null]::bigint[]
	) with ordinality as s (status, message, event, n);
	perform same(v_statuses, array['invalid_body', 'created'], 'the first does not count');

	v_before := (select array_agg(c order by c.id)::text from conversations c);
	perform same((select count(*) from messages_send('{}', '{}', '{}', '{}', '{}', '{}')), 0::bigint, 'nothing');
	select array_agg(s.status) into v_statuses
	from messages_send(
		array[v_group, v_group], array[v_eve, v_alice], array['e', 'a'], array['hi', 'three'], array[null, '{"k": 1}']::jsonb[], array[null, null]::bigint[]
	) s;
	perform same(v_statuses, array['not_a_member', 'repeated'], 'nothing new');
	perform same((select array_agg(c order by c.id)::text from conversations c), v_before, 'leaves no trace');
	perform whole();

	-- mentions: by a list, of all, and too many
	select array_agg(s.status order by n), array_agg(s.message::json order by n)
	into v_statuses, v_rows
	from messages_send(
		array_fill(v_group, array[5]),
		array[v_alice, v_alice, v_bob, v_alice, v_alice],
		array['m1', 'm2', 'm3', 'm4', 'm5'],
		array['no name', '@bob in words only', 'all of you', (select string_agg('@user' || n, ' ') from generate_series(1, 51) n), 'and @bob'],
		array_fill(null::jsonb, array[5]),
		array_fill(null::bigint, array[5]),
		0,
		array[format('{%s,%s}', v_bob, v_eve), '{}', '{0}', null, null]
	) with ordinality as s (status, message, event, n);
	perform same(v_statuses, array['created', 'created', 'created', 'too_many_mentions', 'created'], 'mentions');
	perform same(
		(select array_agg(r ->> 'mentions' order by n) from unnest(v_rows) with ordinality as t (r, n)),
		array[format('["%s"]', v_bob), null, '["0"]', null, format('["%s"]', v_bob)],
		'mentions of each'
	);
	perform same((conversation_json(v_group, v_alice)::json ->> 'mention_count')::integer, 0, 'what was mentioned before the last own message is read');
	perform same((conversation_json(v_group, v_bob)::json ->> 'mention_count')::integer, 1, 'by id and by name');
	perform messages_send(array[v_group], array[v_alice], array['m6'], array['hi'], array[null]::jsonb[], array[null]::bigint[], 0, array[format('{0,%s}', v_bob)]);
	perform same((conversation_json(v_group, v_bob)::json ->> 'mention_count')::integer, 2, 'twice in one message is once');
	update conversations set member_count = 31 where id = v_group;
	select array_agg(s.status order by n) into v_statuses
	from messages_send(
		array[v_group, v_group], array[v_alice, v_bob], array['m7', 'm8'], array['hi', 'hi'], array[null, null]::jsonb[], array[null, null]::bigint[], 0, array['{0}', '{0}']
	) with ordinality as s (status, message, event, n);
	perform same(v_statuses, array['created', 'forbidden'], 'all, by an owner and by a member');
end
$$;
