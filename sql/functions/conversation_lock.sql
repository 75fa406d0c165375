-- Locks a conversation for a change. Every change locks the conversation first and then its members
-- in the order of their ids, so there is no deadlock.
-- The next statement sees everything that was committed in the conversation before.
-- SPDX-License-Identifier: MIT
create function conversation_lock(in_conversation bigint)
returns void
language sql
volatile
as $$
	select
	from conversations c
	where c.id = in_conversation
	for no key update
$$;
