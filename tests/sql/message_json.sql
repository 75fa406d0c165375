-- The shape of a message: what is absent is left out, data keeps its nulls, text is escaped.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_message messages;
begin
	v_message.conversation_id := 5;
	v_message.id := id_at('2026-11-24 03:21:06.123+00');
	v_message.seq := 3;
	v_message.sender_id := 7;
	v_message.client_id := 'c"1';
	v_message.text := E'a "b"\n\\ é 👋';
	perform same(
		message_json(v_message),
		format(
			'{"id":"%s","conversation_id":"5","seq":3,"sender_id":"7","client_id":"c\"1","text":"a \"b\"\n\\ é 👋","created_at":"2026-11-24T03:21:06.123Z"}',
			v_message.id
		),
		'the least'
	);
	v_message.data := '{"x":null,"y":{}}';
	v_message.reply_to := 11;
	v_message.edited_at := '2026-11-24 03:22:00+00';
	v_message.deleted_at := '2026-11-24 03:23:00+00';
	perform same(
		message_json(v_message, ',"status":"sent"')::json ->> 'data',
		'{"x": null, "y": {}}',
		'data'
	);
	perform same(
		right(message_json(v_message, ',"status":"sent"'), 152),
		',"reply_to":"11","created_at":"2026-11-24T03:21:06.123Z","edited_at":"2026-11-24T03:22:00.000Z","deleted_at":"2026-11-24T03:23:00.000Z","status":"sent"}',
		'the most'
	);
end
$$;
