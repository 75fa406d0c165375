-- What to answer to a message whose client_id is there already: repeated, or client_id_reused if it was sent with other content.
-- Of a message that was edited or deleted since, it cannot be told any more what was sent: it counts as repeated.
-- Returns: status, and the message as JSON when repeated.
-- SPDX-License-Identifier: MIT
create function message_repeated(
	in_conversation bigint,
	in_sender bigint,
	in_client_id text,
	in_text text,
	in_data jsonb,
	in_reply_to bigint,
	out status text,
	out message json
)
language plpgsql
volatile
as $$
begin
	select case
			when coalesce(m.edited_at, m.deleted_at) is not null then 'repeated'
			when (m.text, m.data, m.reply_to) is not distinct from (in_text, in_data, in_reply_to) then 'repeated'
			else 'client_id_reused'
		end,
		message_json(m)
	into strict status, message
	from messages m
	where m.conversation_id = in_conversation
		and m.sender_id = in_sender
		and m.client_id = in_client_id;
	if status <> 'repeated' then
		message := null;
	end if;
end
$$;
