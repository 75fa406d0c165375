-- Stores messages for programs of version 1. It waits for every lock, so no message is busy.
-- Locks: the conversations, then the senders' rows, in the order of (conversation, sender).
-- SPDX-License-Identifier: MIT
create function messages_send(
	in_conversations bigint[],
	in_senders bigint[],
	in_client_ids text[],
	in_texts text[],
	in_data jsonb[],
	in_replies bigint[]
)
returns table (status text, message text, event text)
language plpgsql
volatile
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
	perform
	from conversations c
	where c.id = any (in_conversations)
	order by c.id
	for no key update;

	perform
	from (
		select distinct i.conversation_id, i.sender_id
		from unnest(in_conversations, in_senders) as i (conversation_id, sender_id)
	) p
	join members m on m.conversation_id = p.conversation_id
		and m.user_id = p.sender_id
		and m.left_id is null
	order by p.conversation_id, p.sender_id
	for no key update of m;

	return query
	select s.status, s.message, s.event
	from messages_send(in_conversations, in_senders, in_client_ids, in_texts, in_data, in_replies, 0) s;
end
$$;
