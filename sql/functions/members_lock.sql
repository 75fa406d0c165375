-- Locks the rows of some members of a conversation, or of all when in_users is null, in the order
-- of user ids.
-- The caller holds the conversation's row lock. A call that changes more than one member locks
-- their rows here first.
-- So there is no deadlock with receipts_deliver, which locks members in the order of
-- (conversation_id, user_id) and no conversation.
-- SPDX-License-Identifier: MIT
create function members_lock(in_conversation bigint, in_users bigint[])
returns void
language plpgsql
volatile
as $$
begin
	if in_users is null then
		perform from members m where m.conversation_id = in_conversation order by m.user_id for update;
	else
		perform
		from members m
		where m.conversation_id = in_conversation
			and m.user_id = any (in_users)
		order by m.user_id
		for update;
	end if;
end
$$;
