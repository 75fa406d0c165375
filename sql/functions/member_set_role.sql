-- Sets a member's role, with the event member.updated. The caller holds the conversation's lock and
-- has checked the rights.
-- Returns: the payload to publish on the conversation's channel.
-- Writes: conversations, changes, members.
-- SPDX-License-Identifier: MIT
create function member_set_role(in_conversation bigint, in_user bigint, in_member bigint, in_role text)
returns text
language plpgsql
volatile
as $$
declare
	v_place record;
	v_data text;
begin
	v_place := conversation_advance(in_conversation, 0);
	update members m
	set role = in_role
	from users u
	where m.conversation_id = in_conversation
		and m.user_id = in_member
		and u.id = m.user_id
	returning member_json(m, u) into v_data;
	return change_append(
		in_conversation, v_place.id, v_place.seq, 'member.updated', in_user, in_member, v_data
	);
end
$$;
