-- Where some conversations stand, deleted ones too: their last event has to be heard of as well.
-- SPDX-License-Identifier: MIT
create function sweep_heads(in_conversations bigint[])
returns table (conversation_id bigint, last_seq bigint, last_id bigint, member_count integer)
language sql
stable
as $$
	select c.id, c.last_seq, c.last_id, c.member_count
	from conversations c
	where c.id = any (in_conversations)
$$;
