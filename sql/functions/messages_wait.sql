-- Locks the conversation of the first message, and the rows of its senders. Waits up to in_ms for
-- each lock. Does not lock other conversations.
-- A conversation that others lock all the time is locked too, because a waiting transaction has a
-- place in PostgreSQL's queue.
-- Locks: the conversation, then the senders' rows in the order of their ids.
-- SPDX-License-Identifier: MIT
create function messages_wait(in_conversations bigint[], in_senders bigint[], in_ms bigint)
returns void
language plpgsql
volatile
set lock_timeout = 0 -- so that it is the caller's again at the end
as $$
begin
	perform set_config('lock_timeout', in_ms::text, true);

	perform
	from conversations c
	where c.id = in_conversations[1]
	for no key update;

	perform
	from members m
	where m.conversation_id = in_conversations[1]
		and m.user_id in (
			select i.sender_id
			from unnest(in_conversations, in_senders) as i (conversation_id, sender_id)
			where i.conversation_id = in_conversations[1]
		)
		and m.left_id is null
	order by m.user_id
	for no key update;
exception
	when lock_not_available then
		null; -- messages_send finds it locked, and says so
end
$$;
