-- Returns the furthest status of a message among the members who have left the conversation since:
-- sent, delivered or read.
-- The function uses the marks at the end of each membership (received_id, read_id). A rejoin
-- changes delivered_id, so that nothing of the earlier membership is replayed.
-- SPDX-License-Identifier: MIT
create function receipts_left(in_conversation bigint, in_message bigint)
returns text
language sql
stable parallel safe
as $$
	select case
			when bool_or(f.read_id >= in_message) then 'read'
			when bool_or(f.received_id >= in_message) then 'delivered'
			else 'sent'
		end
	from former_members f
	where f.conversation_id = in_conversation
		and f.joined_id < in_message
		and f.left_id > in_message
		and f.user_id <> (
			select m.sender_id
			from messages m
			where m.conversation_id = in_conversation
				and m.id = in_message
		)
$$;
