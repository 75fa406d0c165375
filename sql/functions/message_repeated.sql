-- Why a message could not be stored a second time: it is there, as it was sent (repeated) or otherwise (client_id_reused); or else its sender has been
-- removed (not_a_member). What was sent cannot be told any more from a message that was edited or deleted since: it counts as repeated.
-- Returns: status, and the message as JSON when repeated.
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
	into status, message
	from messages m
	join members b on b.conversation_id = m.conversation_id
		and b.user_id = m.sender_id
		and b.left_id is null
	where m.conversation_id = in_conversation
		and m.sender_id = in_sender
		and m.client_id = in_client_id;
	if not found then
		status := 'not_a_member';
	end if;
	if status <> 'repeated' then
		message := null;
	end if;
end
$$;
