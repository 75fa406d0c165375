-- A send: its row, its place, its event and the marks of its sender. Each refused send leaves no
-- trace.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_carol bigint := person('carol');
	v_group bigint := group_of(v_alice, array[v_bob, v_carol]);
	v_sent record;
	v_before text;
	v_row record;
	v_id bigint;
begin
	select s.status, s.message, s.event into v_sent
	from message_send(v_group, v_alice, 'a1', 'hi @bob @alice @nobody', '{"k": null}', null) s;
	v_id := v_sent.message ->> 'id';
	perform same(v_sent.status, 'created', 'status');
	perform same(
		v_sent.event,
		event_notification(v_id, 2, '0', event_json('message.created', v_group, v_id, 2, v_sent.message::text)),
		'event'
	);
	perform same(
		v_sent.message::text,
		(select message_json(m) from messages m where m.conversation_id = v_group and m.id = v_id),
		'message'
	);
	perform same(v_sent.message -> 'data' ->> 'k', null, 'a null within data');
	perform same((v_sent.message -> 'data')::text, '{"k": null}', 'stays');
	perform same((select array[last_seq, last_id, last_message_id, message_count] from conversations where id = v_group), array[2, v_id, v_id, 1], 'place');
	perform same(marks(v_group, v_alice)::text, row(v_id, v_id, 0)::text, 'the marks of the sender');
	perform same(marks(v_group, v_bob)::text, row(0, 0, 1)::text, 'the marks of others');
	perform same((select array_agg(user_id) from mentions where message_id = v_id), array[v_bob], 'mentions: not oneself, nobody strange');

	select s.status, s.message, s.event into v_sent
	from message_send(v_group, v_bob, 'a1', '', '{"only": "data"}', v_id) s;
	perform same(v_sent.status, 'created', 'the client_id of somebody else; only data; a reply');
	perform same(v_sent.message ->> 'reply_to', v_id::text, 'reply');

	v_before := (select array_agg(c order by c.id)::text from conversations c);
	for v_row in
		select t.conversation, t.sender, t.client_id, t.text, t.data, t.reply_to, t.status
		from (values
			(v_group, v_alice, 'a1', 'hi @bob @alice @nobody', '{"k": null}'::jsonb, null::bigint, 'repeated'),
			(v_group, v_alice, 'a1', 'something else', '{"k": null}', null, 'client_id_reused'),
			(v_group, person('eve'), 'e1', 'hi', null, null, 'not_a_member'),
			(v_group, person('eva'), 'e1', 'hi', null, v_id, 'not_a_member'),
			(1, v_alice, 'n1', 'hi', null, null, 'not_a_member'),
			(v_group, v_alice, 'n1', 'hi', null, 1, 'unknown_reply'),
			(v_group, v_alice, 'n1', repeat('x', 65537), null, null, 'text_too_long'),
			(v_group, v_alice, 'n1', repeat('é', 32769), null, null, 'text_too_long'),
			(v_group, v_alice, 'n1', null, null, null, 'invalid_body'),
			(v_group, v_alice, 'n1', '', null, null, 'invalid_body'),
			(v_group, v_alice, null, 'hi', null, null, 'invalid_body'),
			(v_group, v_alice, '', 'hi', null, null, 'invalid_body'),
			(v_group, v_alice, repeat('c', 65), 'hi', null, null, 'invalid_body'),
			(v_group, v_alice, 'n1', 'hi', '[]', null, 'invalid_body'),
			(v_group, v_alice, 'n1', 'hi', 'null', null, 'invalid_body'),
			(v_group, v_alice, 'n1', 'hi', jsonb_build_object('k', repeat('x', 16377)), null, 'invalid_body')
		) as t (conversation, sender, client_id, text, data, reply_to, status)
	loop
		select s.status, s.message, s.event into v_sent
		from message_send(v_row.conversation, v_row.sender, v_row.client_id, v_row.text, v_row.data, v_row.reply_to) s;
		perform same(v_sent.status, v_row.status, left(v_row::text, 120));
		perform same(v_sent.message ->> 'id', case v_row.status when 'repeated' then v_id::text end, 'message ' || v_row.status);
		perform same(v_sent.event, null, 'event ' || v_row.status);
	end loop;
	perform same((select array_agg(c order by c.id)::text from conversations c), v_before, 'no trace');

	perform same(
		(select status from message_send(v_group, v_alice, repeat('c', 64), repeat('x', 65536), jsonb_build_object('k', repeat('x', 16376)), null)),
		'created',
		'the largest'
	);
	perform member_remove(v_group, v_alice, v_bob);
	perform same((select status from message_send(v_group, v_bob, 'b2', 'hi', null, null)), 'not_a_member', 'a removed member');
	perform same((select status from message_send(v_group, v_bob, 'a1', '', '{"only": "data"}', v_id)), 'repeated', 'though it was sent before');
	perform same((select status from message_send(v_group, v_bob, 'a1', 'other', null, null)), 'client_id_reused', 'with other content');
	perform same((select status from message_send(v_group, person('erin'), 'a1', '', '{"only": "data"}', v_id)), 'not_a_member', 'by somebody else');
	perform conversation_delete(v_group, v_alice);
	perform same((select status from message_send(v_group, v_alice, 'a9', 'hi', null, null)), 'not_a_member', 'a deleted conversation');
	perform same((select status from message_send(v_group, v_alice, 'a1', 'hi @bob @alice @nobody', '{"k": null}', null)), 'repeated', 'sent before it was deleted');
	delete from messages where conversation_id = v_group and id = v_id;
	perform same((select status from message_send(v_group, v_alice, 'a1', 'hi @bob @alice @nobody', '{"k": null}', null)), 'message_not_found', 'a key outlives its message');
end
$$;
