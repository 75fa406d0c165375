-- Adds members to a conversation, all with the event in_id, in_seq. All events before that one
-- count as received and read.
-- The caller holds the conversation's row lock and has checked that the users are not members.
-- Raises: too_many_conversations (conversations_limit). Two calls at once for the same user may
--   exceed this limit by one.
-- Writes: members, in the order of user ids.
-- SPDX-License-Identifier: MIT
create function member_join(
	in_conversation bigint,
	in_members bigint[],
	in_owner bigint,
	in_id bigint,
	in_seq bigint,
	in_before_id bigint,
	in_ordinal bigint
)
returns void
language plpgsql
volatile
as $$
begin
	-- costs as many rows of an index as the users have conversations, up to the limit
	perform
	from unnest(in_members) as j (user_id)
	where (
		select count(*)
		from (select from members m where m.user_id = j.user_id limit conversations_limit()) l
	) >= conversations_limit();
	if found then
		perform fail('too_many_conversations', 'a user can be in up to ' || conversations_limit() || ' conversations');
	end if;

	insert into members (conversation_id, user_id, role, joined_id, joined_seq, delivered_id, read_id, read_ordinal)
	select in_conversation,
		j.user_id,
		case j.user_id when in_owner then 'owner' else 'member' end,
		in_id,
		in_seq,
		in_before_id,
		in_before_id,
		in_ordinal
	from unnest(in_members) as j (user_id)
	order by j.user_id;
end
$$;
