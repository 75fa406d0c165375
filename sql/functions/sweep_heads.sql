-- Returns the last event of some conversations. Deleted conversations are included, because their
-- last event must be delivered too.
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
