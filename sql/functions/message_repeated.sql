-- Compares a message with the stored one of the same client_id.
-- The content is each column of messages, except those that the server sets. Mentions are no part
-- of the content, because they depend on the members.
-- The first content of an edited or deleted message is not known, so such a message counts as
-- repeated.
-- Returns: status repeated | client_id_reused (the content differs) | message_not_found (the stored
--   message was removed; it is not stored again); the message as JSON when repeated.
-- SPDX-License-Identifier: MIT
create function message_repeated(in_message messages, out status text, out message json)
language plpgsql
volatile
as $$
declare
	v_stored messages;
begin
	select m.*
	into strict v_stored
	from message_keys k
	left join messages m on m.conversation_id = k.conversation_id
		and m.id = k.message_id
	where k.conversation_id = in_message.conversation_id
		and k.sender_id = in_message.sender_id
		and k.client_hash = client_hash(in_message.client_id);

	in_message.id := v_stored.id;
	in_message.seq := v_stored.seq;
	in_message.ordinal := v_stored.ordinal;
	in_message.mentions := v_stored.mentions;
	in_message.xact := v_stored.xact;
	status := case
		when v_stored.id is null then 'message_not_found'
		when v_stored.client_id <> in_message.client_id then 'client_id_reused' -- another one of the same hash
		when coalesce(v_stored.edited_at, v_stored.deleted_at) is not null then 'repeated'
		when v_stored is not distinct from in_message then 'repeated'
		else 'client_id_reused'
	end;
	if status = 'repeated' then
		message := message_json(v_stored);
	end if;
end
$$;
