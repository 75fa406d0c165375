-- Takes a conversation for a change. Whoever changes one takes it first and its members after it, in the order of their ids: so nobody waits in a circle.
-- A statement that follows sees all that was committed in the conversation until now.
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
