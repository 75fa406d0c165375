-- Stores the mentions of new messages.
-- in_conversations: as in messages_send. in_users: the result of mentions_find.
-- in_numbers: the places of the messages with mentions in those arrays. in_ids: the ids of these
--   messages.
-- Writes: mentions.
-- SPDX-License-Identifier: MIT
create function mentions_add(in_conversations bigint[], in_users text[], in_numbers bigint[], in_ids bigint[])
returns void
language plpgsql
volatile
as $$
begin
	insert into mentions (conversation_id, user_id, message_id)
	select in_conversations[i.number], u.user_id, i.id
	from unnest(in_numbers, in_ids) as i (number, id)
	cross join lateral unnest(in_users[i.number]::bigint[]) as u (user_id);
end
$$;
