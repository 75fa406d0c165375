-- Returns id and seq for the next event of a conversation.
-- in_joining: the change of the number of members.
-- Writes: conversations (last_seq, last_id, member_count). The row lock makes the order of seq, of
--   ids and of commits the same.
-- SPDX-License-Identifier: MIT
create function conversation_advance(in_conversation bigint, in_joining integer, out id bigint, out seq bigint)
language plpgsql
volatile
as $$
declare
	v_clock bigint := event_clock();
begin
	update conversations c
	set last_seq = c.last_seq + 1,
		last_id = greatest(c.last_id + 1, v_clock),
		member_count = c.member_count + in_joining
	where c.id = in_conversation
	returning c.last_id, c.last_seq into strict id, seq;
end
$$;
