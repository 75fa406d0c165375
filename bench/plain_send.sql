-- A send as it would be written if each came alone: one message, three statements, no thought of
-- batches. The reference of the benchmark `send`.
-- It does for a good message what messages_send does; it need not report the mistake of a bad one.
-- SPDX-License-Identifier: MIT
create or replace function plain_send(
	in_conversation bigint,
	in_sender bigint,
	in_client_id text,
	in_text text,
	in_data jsonb,
	in_reply_to bigint,
	out message text,
	out event text
)
language plpgsql
volatile
as $$
declare
	v_clock bigint := event_clock();
	v_id bigint;
	v_seq bigint;
	v_ordinal bigint;
begin
	update conversations c
	set last_seq = c.last_seq + 1,
		last_id = greatest(c.last_id + 1, v_clock),
		last_message_id = greatest(c.last_id + 1, v_clock),
		message_count = c.message_count + 1
	where c.id = in_conversation
		and c.deleted_id is null
		and exists (
			select
			from members m
			where m.conversation_id = in_conversation
				and m.user_id = in_sender
				and m.left_id is null
		)
	returning c.last_id, c.last_seq, c.message_count into strict v_id, v_seq, v_ordinal;

	insert into messages as m (conversation_id, id, seq, ordinal, sender_id, reply_to, client_id, text, data)
	values (in_conversation, v_id, v_seq, v_ordinal, in_sender, in_reply_to, in_client_id, in_text, in_data)
	returning message_json(m) into message;

	insert into message_keys (conversation_id, sender_id, client_hash, message_id)
	values (in_conversation, in_sender, client_hash(in_client_id), v_id);

	update members m
	set delivered_id = v_id,
		read_id = v_id,
		read_ordinal = v_ordinal
	where m.conversation_id = in_conversation
		and m.user_id = in_sender;

	if strpos(in_text, '@') > 0 then
		insert into mentions (conversation_id, user_id, message_id)
		select in_conversation, u.id, v_id
		from message_names(in_text) n
		join users u on u.name = n.name
			and u.id <> in_sender
		join members m on m.conversation_id = in_conversation
			and m.user_id = u.id;
	end if;

	event := event_notification(v_id, v_seq, '0', event_json('message.created', in_conversation, v_id, v_seq, message));
end
$$;
