-- Finds the first in_limit events that a cursor does not cover, in the order of (id,
-- conversation_id). The parameters of the cursor are those of sync_events, which calls this
-- function and sets the planner's settings.
-- Returns: parallel arrays, null when nothing is missing. Element i of each array belongs to event
-- i. The elements are in no particular order.
--   joined_seqs           the seq with which the membership of the event began
--   left_ids, left_seqs   the id and seq with which it ended; null for a current membership
--   are_messages          true for a row of messages, false for a row of changes
-- and bytes: about how many octets the JSON of all events has at most, before texts are escaped.
--
-- The function reads the row of every conversation of the user. sync_by_conversation reads only
-- those that its page needs.
-- SPDX-License-Identifier: MIT
create function sync_by_id(
	in_user bigint,
	in_base bigint,
	in_conversations bigint[],
	in_ids bigint[],
	in_reads bigint[],
	in_read_conversations bigint[],
	in_snapshots text[],
	in_limit integer,
	out conversations bigint[],
	out joined_seqs bigint[],
	out left_ids bigint[],
	out left_seqs bigint[],
	out ids bigint[],
	out are_messages boolean[],
	out bytes bigint
)
language plpgsql
stable
as $$
begin
	with listed as (
		select e.conversation_id, max(e.id) as id
		from unnest(in_conversations, in_ids) as e (conversation_id, id)
		group by 1
	),
	times as (
		select m.conversation_id, m.joined_id, m.joined_seq, null::bigint as left_id, null::bigint as left_seq, m.delivered_id
		from members m
		where m.user_id = in_user
		union all
		select f.conversation_id, f.joined_id, f.joined_seq, f.left_id, f.left_seq, f.delivered_id
		from former_members f
		where f.user_id = in_user
			and f.left_id >= in_base
		union all
		select f.conversation_id, f.joined_id, f.joined_seq, f.left_id, f.left_seq, f.delivered_id
		from former_members f
		where in_base is null
			and f.user_id = in_user
			and f.delivered_id < f.left_id
	),
	missing as (
		select t.conversation_id, t.joined_id, t.joined_seq, t.left_id, t.left_seq, r.from_id, r.to_id
		from times t
		join conversations c on c.id = t.conversation_id
		left join listed e on e.conversation_id = t.conversation_id
		cross join lateral (
			select greatest(t.joined_id, coalesce(in_base, t.delivered_id + 1), e.id + 1) as from_id,
				least(t.left_id, c.last_id) as to_id
		) r
		where r.from_id <= r.to_id
	),
	page as (
		select g.conversation_id, g.joined_id, g.joined_seq, g.left_id, g.left_seq, e.id, e.is_message, e.bytes
		from missing g
		cross join lateral sync_conversation(g.conversation_id, g.from_id, g.to_id, in_reads, in_read_conversations, in_snapshots, in_limit) e
		order by e.id, g.conversation_id
		limit in_limit
	)
	select array_agg(p.conversation_id),
		array_agg(p.joined_seq),
		array_agg(p.left_id),
		array_agg(p.left_seq),
		array_agg(p.id),
		array_agg(p.is_message),
		-- the event of joining becomes conversation.created, with a message
		256 * count(*) + sum(case p.id when p.joined_id then 81920 else p.bytes end)
	into conversations, joined_seqs, left_ids, left_seqs, ids, are_messages, bytes
	from page p;
end
$$;
