-- Checks that a user is a member, for functions that need it before they act.
-- Returns: the role, the conversation's kind and number of members, and the first id of history
--   that the member may read.
-- Raises: not_a_member. A conversation that does not exist gives the same error, so nobody can find
--   out which ids exist.
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
		and c.deleted_id is null;
	if not found then
		perform fail('not_a_member', 'you are not a member of this conversation');
	end if;
end
$$;
