-- Notes what cursors prove to have arrived: a user has everything below their base and, in the conversations listed, everything up to that id.
-- Many users at once. A mark only moves forward, and not beyond the last event (for who has left: the last that was theirs).
-- Returns: what is to be published, if a message is among what has newly arrived. Never raises for a caller's mistake.
-- Writes: members (delivered_id), in the order of (conversation_id, user_id).
-- SPDX-License-Identifier: MIT
create function receipts_deliver(
	in_users bigint[],
	in_bases bigint[],
	in_exception_users bigint[],
	in_exception_conversations bigint[],
	in_exception_ids bigint[]
)
returns table (channel text, payload text)
language plpgsql
volatile
as $$
begin
	return query
	with bases as (
		select b.user_id, max(b.id) as id
		from unnest(in_users, in_bases) as b (user_id, id)
		group by 1
	),
	exceptions as (
		select e.user_id, e.conversation_id, max(e.id) as id
		from unnest(in_exception_users, in_exception_conversations, in_exception_ids) as e (user_id, conversation_id, id)
		group by 1, 2
	),
	arrived as materialized (
		select m.conversation_id, m.user_id, t.id
		from bases b
		join members m on m.user_id = b.user_id
		join conversations c on c.id = m.conversation_id
		left join exceptions e on e.user_id = m.user_id and e.conversation_id = m.conversation_id
		cross join lateral (
			select least(greatest(b.id - 1, e.id, 0), m.left_id, c.last_id) as id
		) t
		where m.delivered_id < t.id
	),
	locked as materialized (
		select m.conversation_id, m.user_id, m.delivered_id as was, a.id
		from arrived a
		join members m on m.conversation_id = a.conversation_id and m.user_id = a.user_id
		order by m.conversation_id, m.user_id
		for no key update of m
	),
	moved as (
		update members m
		set delivered_id = l.id
		from locked l
		where m.conversation_id = l.conversation_id
			and m.user_id = l.user_id
			and m.delivered_id < l.id
		returning m.conversation_id, m.user_id, m.delivered_id, m.read_id, m.left_id, l.was
	)
	select distinct 'c:' || c.id, receipt_ring(c.member_count, v.user_id, v.delivered_id, v.read_id)
	from moved v
	join conversations c on c.id = v.conversation_id
	where c.last_message_id > v.was
		and c.deleted_id is null
		and v.left_id is null;
end
$$;
