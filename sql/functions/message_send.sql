-- Stores a message and gives it its place in the conversation.
-- Returns one row:
--   status   created | repeated (this client_id was sent before) | not_a_member | client_id_reused (with other content) | unknown_reply
--            | text_too_long (65536 octets) | invalid_body (client_id of 1 to 64 octets; a text, or data; data an object of up to 16 KiB)
--   message  the message as JSON, when created or repeated
--   event    what is to be published on the conversation's channel after COMMIT, when created
-- A caller's mistake is a status, never an exception: sends are batched, and an exception would take its neighbours along.
-- Writes: conversations (last_seq, last_id, last_message_id, message_count), messages, mentions, members (the sender's own marks).
-- Locks the conversation, then the sender's row. Whoever sends several in one transaction sends them in the order of (conversation, sender).
-- SPDX-License-Identifier: MIT
create function message_send(
	in_conversation bigint,
	in_sender bigint,
	in_client_id text,
	in_text text,
	in_data jsonb,
	in_reply_to bigint,
	out status text,
	out message json,
	out event text
)
language plpgsql
volatile
as $$
declare
	v_clock bigint;
	v_id bigint;
	v_seq bigint;
	v_ordinal bigint;
	v_message text;
begin
	if octet_length(in_text) > 65536 then
		status := 'text_too_long';
		return;
	end if;
	if in_text is null
		or in_text = '' and in_data is null
		or in_client_id is null
		or octet_length(in_client_id) not between 1 and 64
		or jsonb_typeof(in_data) <> 'object'
		or octet_length(in_data::text) > 16384 and data_size(in_data) > 16384
	then
		status := 'invalid_body';
		return;
	end if;

	if in_reply_to is not null then
		status := message_reply_refused(in_conversation, in_sender, in_reply_to);
		if status is not null then
			return;
		end if;
	end if;

	-- the place, if they may: from here on the conversation waits for this transaction
	v_clock := event_clock();
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
	returning c.last_id, c.last_seq, c.message_count into v_id, v_seq, v_ordinal;
	if not found then
		status := 'not_a_member';
		return;
	end if;

	-- the message, unless it is here already
	insert into messages as m (conversation_id, id, seq, ordinal, sender_id, reply_to, client_id, text, data)
	values (in_conversation, v_id, v_seq, v_ordinal, in_sender, in_reply_to, in_client_id, in_text, in_data)
	on conflict (conversation_id, sender_id, client_id) do nothing
	returning message_json(m) into v_message;
	if not found then
		perform conversation_rewind(in_conversation, v_id);
		select r.status, r.message into status, message
		from message_repeated(in_conversation, in_sender, in_client_id, in_text, in_data, in_reply_to) r;
		return;
	end if;

	update members m
	set delivered_id = v_id,
		read_id = v_id,
		read_ordinal = v_ordinal
	where m.conversation_id = in_conversation
		and m.user_id = in_sender
		and m.left_id is null;
	if not found then
		-- removed while we waited for the conversation
		perform conversation_rewind(in_conversation, v_id);
		status := 'not_a_member';
		return;
	end if;

	if strpos(in_text, '@') > 0 then
		insert into mentions (conversation_id, user_id, message_id)
		select m.conversation_id, m.user_id, v_id
		from users u
		join members m on m.conversation_id = in_conversation
			and m.user_id = u.id
			and m.user_id <> in_sender
			and m.left_id is null
		where u.name = any (message_names(in_text));
	end if;

	status := 'created';
	message := v_message;
	event := event_ring(v_id, v_seq, '0', event_json('message.created', in_conversation, v_id, v_seq, v_message));
end
$$;
