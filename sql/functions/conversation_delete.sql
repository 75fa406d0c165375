-- Deletes a group. Its last event, conversation.deleted, ends all memberships. The events stay for
-- members who have not received them yet.
-- Returns: {}, and the channels and payloads to publish.
-- Raises: not_a_member, direct_conversation, forbidden (only the owner may).
-- Writes: conversations, changes, members, former_members.
-- SPDX-License-Identifier: MIT
create function conversation_delete(in_conversation bigint, in_user bigint)
returns table (channel text, payload text)
language plpgsql
volatile
as $$
declare
	v_me record;
	v_place record;
begin
	v_me := group_require(in_conversation, in_user, 'owner');

	v_place := conversation_advance(in_conversation, -v_me.member_count);
	update conversations c
	set deleted_id = v_place.id
	where c.id = in_conversation;
	perform members_end(in_conversation, null, v_place.id, v_place.seq);
	return query values
		(null, '{}'),
		('c:' || in_conversation, change_append(
			in_conversation, v_place.id, v_place.seq, 'conversation.deleted', in_user, null,
			concat('{"id":"', in_conversation, '","deleted_by":"', in_user, '"}')
		));
end
$$;
