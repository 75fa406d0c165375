-- Moves delivered marks for programs of version 1, which do not name the conversations with new
-- events.
-- Returns: the channels and payloads to publish.
-- Writes: members, former_members.
-- SPDX-License-Identifier: MIT
create function receipts_deliver(
	in_users bigint[],
	in_bases bigint[],
	in_exception_users bigint[],
	in_exception_conversations bigint[],
	in_exception_ids bigint[]
)
returns table (channel text, payload text)
language sql
volatile
as $$
	select r.channel, r.payload
	from receipts_deliver(in_users, in_bases, in_exception_users, in_exception_conversations, in_exception_ids, null) r
$$;
