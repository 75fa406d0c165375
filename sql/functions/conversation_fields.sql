-- Returns the fields of a conversation that are the same for all members, as the inner part of a
-- JSON object.
-- SPDX-License-Identifier: MIT
create function conversation_fields(in_conversation conversations)
returns text
language sql
stable parallel safe
as $$
	select concat(
		'"id":"', in_conversation.id,
		'","kind":"', in_conversation.kind, '"',
		',"title":' || to_json(in_conversation.title)::text,
		',"history":"', in_conversation.history,
		'","created_by":"', in_conversation.created_by,
		'","created_at":"', time_json(in_conversation.created_at),
		'","member_count":', in_conversation.member_count
	)
$$;
