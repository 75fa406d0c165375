-- Notes who is mentioned by name in a new message: members, and not its sender.
-- Writes: mentions.
-- SPDX-License-Identifier: MIT
create function mentions_add(in_conversation bigint, in_sender bigint, in_message bigint, in_text text)
returns void
language sql
volatile
as $$
	insert into mentions (conversation_id, user_id, message_id)
	select m.conversation_id, m.user_id, in_message
	from users u
	join members m on m.conversation_id = in_conversation
		and m.user_id = u.id
		and m.user_id <> in_sender
		and m.left_id is null
	where u.name = any (message_names(in_text))
$$;
