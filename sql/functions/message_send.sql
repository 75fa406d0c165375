-- Stores one message, as messages_send does with many. Waits for locks, a minute at most.
-- Returns: as messages_send; message is JSON.
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
language sql
volatile
as $$
	select s.status, s.message::json, s.event
	from messages_send(array[in_conversation], array[in_sender], array[in_client_id], array[in_text], array[in_data], array[in_reply_to], 60000) s
$$;
