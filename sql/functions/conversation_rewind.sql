-- Takes back the place in_id that the running transaction has just given to a message which is not to be, and the message, if it is there already.
-- Nobody else has seen it: the conversation is still locked.
-- Writes: conversations (last_seq, last_id, last_message_id, message_count), messages.
-- SPDX-License-Identifier: MIT
create function conversation_rewind(in_conversation bigint, in_id bigint)
returns void
language plpgsql
volatile
as $$
declare
	v_message bigint;
	v_change bigint;
begin
	delete from messages m where m.conversation_id = in_conversation and m.id = in_id;
	select max(m.id) into v_message from messages m where m.conversation_id = in_conversation;
	select max(g.id) into v_change from changes g where g.conversation_id = in_conversation;

	update conversations c
	set last_seq = c.last_seq - 1,
		last_id = greatest(v_message, v_change, 0),
		last_message_id = coalesce(v_message, 0),
		message_count = c.message_count - 1
	where c.id = in_conversation;
end
$$;
