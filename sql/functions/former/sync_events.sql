-- Returns the events that a cursor does not cover, as sync_events without places of reading and
-- without passes. No bytes end a page, because programs of version 1 do not read is_cut.
-- SPDX-License-Identifier: MIT
create function sync_events(
	in_user bigint,
	in_base bigint,
	in_conversations bigint[],
	in_ids bigint[],
	in_limit integer
)
returns table (conversation_id bigint, id bigint, seq bigint, gone text, event text)
language sql
stable
as $$
	select e.conversation_id, e.id, e.seq, e.gone, e.event
	from sync_events(in_user, in_base, in_conversations, in_ids, null, null, null, null, null, null, in_limit, 2147483647) e
$$;
