-- Creates a conversation with its members and its first event, conversation.created.
-- Returns: the channels and payloads to publish.
-- Writes: conversations, members, changes.
-- SPDX-License-Identifier: MIT
create function conversation_create(
	in_conversation bigint,
	in_kind text,
	in_title text,
	in_history text,
	in_creator bigint,
	in_members bigint[]
)
returns table (channel text, payload text)
language plpgsql
volatile
as $$
declare
	v_place record;
	v_data text;
begin
	insert into conversations (id, kind, title, history, created_by)
	values (in_conversation, in_kind, in_title, in_history, in_creator);
	v_place := conversation_advance(in_conversation, cardinality(in_members));
	perform member_join(
		in_conversation,
		in_members,
		case in_kind when 'group' then in_creator end,
		v_place.id,
		v_place.seq,
		0,
		0
	);

	select '{' || conversation_fields(c) || '}' into v_data
	from conversations c
	where c.id = in_conversation;
	return query select 'c:' || in_conversation, change_append(
		in_conversation, v_place.id, v_place.seq, 'conversation.created', in_creator, null, v_data
	);
	return query
	select 'u:' || a.user_id, 'j ' || in_conversation
	from unnest(in_members) as a (user_id);
end
$$;
