-- Compares a message with the stored one of the same client_id.
-- The first content of an edited or deleted message is not known, so such a message counts as
-- repeated.
-- Mentions are no part of the content, because they depend on the members.
-- Returns: status repeated | client_id_reused (the content differs) | message_not_found (the stored
--   message was removed; it is not stored again); the message as JSON when repeated.
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
			when m.id is null then 'message_not_found'
			when m.client_id <> in_client_id then 'client_id_reused' -- another one of the same hash
			when coalesce(m.edited_at, m.deleted_at) is not null then 'repeated'
			when (m.text, m.data, m.reply_to) is not distinct from (in_text, in_data, in_reply_to) then 'repeated'
			else 'client_id_reused'
		end,
		case when m.id is not null then message_json(m)::json end
	into strict status, message
	from message_keys k
	left join messages m on m.conversation_id = k.conversation_id
		and m.id = k.message_id
	where k.conversation_id = in_conversation
		and k.sender_id = in_sender
		and k.client_hash = client_hash(in_client_id);
	if status <> 'repeated' then
		message := null;
	end if;
end
$$;
