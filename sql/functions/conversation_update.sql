-- Renames a group.
-- Returns: the conversation as JSON, and the payload to publish: conversation.updated.
-- Raises: not_a_member, direct_conversation, forbidden (owner and admins may), invalid_body.
-- Writes: conversations, changes.
-- SPDX-License-Identifier: MIT
create function conversation_update(in_conversation bigint, in_user bigint, in_title text)
returns table (channel text, payload text)
language plpgsql
volatile
as $$
declare
	v_place record;
	v_data text;
	v_notification text;
begin
	perform group_require(in_conversation, in_user, 'admin');

	v_place := conversation_advance(in_conversation, 0);
	update conversations c
	set title = title_require(in_title)
	where c.id = in_conversation
	returning '{' || conversation_fields(c) || '}' into v_data;
	v_notification := change_append(
		in_conversation, v_place.id, v_place.seq, 'conversation.updated', in_user, null, v_data
	);

	return query values
		(null, conversation_json(in_conversation, in_user)),
		('c:' || in_conversation, v_notification);
end
$$;
