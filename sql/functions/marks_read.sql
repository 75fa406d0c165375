-- Returns the event conversation.read for the streams of members: element i of in_users is a member
-- of element i of in_conversations.
-- Returns: nothing for a user who is not a member.
-- SPDX-License-Identifier: MIT
create function marks_read(in_conversations bigint[], in_users bigint[])
returns table (conversation_id bigint, user_id bigint, read_id bigint, body text)
language sql
stable
as $$
	select m.conversation_id, m.user_id, m.read_id, read_json(m.conversation_id, m.user_id)
	from unnest(in_conversations, in_users) as a (conversation_id, user_id)
	join members m on m.conversation_id = a.conversation_id and m.user_id = a.user_id
$$;
