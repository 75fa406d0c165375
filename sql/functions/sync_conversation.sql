-- Finds the events of a conversation from the id in_from to the id in_to that no place of reading
-- covers (sync_events): the first in_limit messages, and the first in_limit changes.
-- Returns: for each event its id, whether it is a row of messages, and its size: about how many
-- octets the varying part of its JSON has at most, before texts are escaped. Data of up to 128
-- stored octets has at most eight times as many as JSON, and longer data counts as the longest.
--
-- PostgreSQL inlines this function into the statement that calls it. A limit for each table lets it
-- read the indexes in order. One limit for both would read and sort the whole range.
-- The condition stands twice, because a function with a subquery is not inlined into a condition.
-- SPDX-License-Identifier: MIT
create function sync_conversation(
	in_conversation bigint,
	in_from bigint,
	in_to bigint,
	in_reads bigint[],
	in_read_conversations bigint[],
	in_snapshots text[],
	in_limit integer
)
returns table (id bigint, is_message boolean, bytes integer)
language sql
stable
as $$
	(
		select m.id, true, case
			when m.data is null then octet_length(m.text)
			when pg_column_size(m.data) <= 128 then octet_length(m.text) + 8 * pg_column_size(m.data)
			else octet_length(m.text) + 16384
		end
		from messages m
		where m.conversation_id = in_conversation
			and m.id between in_from and in_to
			and (in_reads is null or not exists (
				select
				from unnest(in_reads, in_read_conversations, in_snapshots) as r (id, conversation_id, snapshot)
				where (m.id, m.conversation_id) < (r.id, r.conversation_id)
					and coalesce(pg_visible_in_snapshot(m.xact, r.snapshot::pg_snapshot), true)
			))
		order by m.id
		limit in_limit
	)
	union all
	(
		select h.id, false, 256
		from changes h
		where h.conversation_id = in_conversation
			and h.id between in_from and in_to
			and (in_reads is null or not exists (
				select
				from unnest(in_reads, in_read_conversations, in_snapshots) as r (id, conversation_id, snapshot)
				where (h.id, h.conversation_id) < (r.id, r.conversation_id)
					and coalesce(pg_visible_in_snapshot(h.xact, r.snapshot::pg_snapshot), true)
			))
		order by h.id
		limit in_limit
	)
$$;
