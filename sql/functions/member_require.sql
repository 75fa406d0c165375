-- What a member may do in a conversation, for the functions that ask before they act.
-- Returns: their role, the conversation's kind and number of members, and the first id of history that they may read.
-- Raises: not_a_member (also when there is no such conversation: nobody can probe for one).
-- SPDX-License-Identifier: MIT
create function member_require(
	in_conversation bigint,
	in_user bigint,
	out role text,
	out kind text,
	out member_count integer,
	out visible_id bigint
)
language plpgsql
stable
as $$
begin
	select m.role,
		c.kind,
		c.member_count,
		case c.history when 'joined' then m.joined_id else 0 end
	into role, kind, member_count, visible_id
	from members m
	join conversations c on c.id = m.conversation_id
	where m.conversation_id = in_conversation
		and m.user_id = in_user
		and m.left_id is null
		and c.deleted_id is null;
	if not found then
		perform fail('not_a_member', 'you are not a member of this conversation');
	end if;
end
$$;
