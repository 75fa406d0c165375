-- Moves delivered marks by the cursors of users: a user has received all events below the base and,
-- in the listed conversations, all up to the id beside it.
-- in_listed: users whose exceptions name every conversation with an event that is new to the user.
--   The function looks at no other conversation of these users, so the cost is that of the moved
--   marks. For other users the cost is that of all their conversations.
-- One call serves many users. A mark never goes back, nor beyond the last event of the conversation
-- or of an ended membership.
-- Returns: the payloads to publish, for newly received messages. Never raises for a caller's
--   mistake.
-- Writes: members, then former_members (delivered_id), each in the order of (conversation_id,
--   user_id). Locks no conversation.
-- SPDX-License-Identifier: MIT
create function receipts_deliver(
	in_users bigint[],
	in_bases bigint[],
	in_exception_users bigint[],
	in_exception_conversations bigint[],
	in_exception_ids bigint[],
	in_listed bigint[]
)
returns table (channel text, payload text)
language plpgsql
volatile
-- Planned once, for tables that will not stay small.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
	return query
	with bases as materialized (
		select b.user_id, max(b.id) as id
		from unnest(in_users, in_bases) as b (user_id, id)
		group by 1
	),
	arrived as materialized (
		select m.conversation_id, m.user_id, least(b.id - 1, c.last_id) as id
		from bases b
		join members m on m.user_id = b.user_id
			and m.delivered_id < b.id - 1
		join conversations c on c.id = m.conversation_id
			and m.delivered_id < c.last_id
		where b.user_id <> all (coalesce(in_listed, '{}'))
		union all
		select m.conversation_id, m.user_id, least(e.id, c.last_id)
		from bases b
		join unnest(in_exception_users, in_exception_conversations, in_exception_ids) as e (user_id, conversation_id, id) on e.user_id = b.user_id
		join members m on m.conversation_id = e.conversation_id
			and m.user_id = e.user_id
			and m.delivered_id < e.id
		join conversations c on c.id = m.conversation_id
			and m.delivered_id < c.last_id
	),
	locked as materialized (
		select m.conversation_id, m.user_id, m.delivered_id as was, a.id
		from (
			select r.conversation_id, r.user_id, max(r.id) as id
			from arrived r
			group by 1, 2
			order by 1, 2
		) a
		join members m on m.conversation_id = a.conversation_id
			and m.user_id = a.user_id
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
		returning m.conversation_id, m.user_id, m.delivered_id, m.read_id, l.was
	)
	select distinct 'c:' || c.id, receipt_notification(c.member_count, v.user_id, v.delivered_id, v.read_id)
	from moved v
	join conversations c on c.id = v.conversation_id
	where c.last_message_id > v.was
		and c.deleted_id is null;

	-- Ended memberships: what a device without a cursor would be sent. Nobody is notified of
	-- these marks.
	with arrived as materialized (
		select f.conversation_id, f.user_id, f.joined_id, least(greatest(b.id - 1, e.id), f.left_id) as id
		from (
			select a.user_id, max(a.id) as id
			from unnest(in_users, in_bases) as a (user_id, id)
			group by 1
		) b
		join former_members f on f.user_id = b.user_id
			and f.delivered_id < f.left_id
		left join lateral (
			select max(a.id) as id
			from unnest(in_exception_users, in_exception_conversations, in_exception_ids) as a (user_id, conversation_id, id)
			where a.user_id = f.user_id
				and a.conversation_id = f.conversation_id
		) e on true
	),
	locked as materialized (
		select f.conversation_id, f.user_id, f.joined_id, a.id
		from arrived a
		join former_members f on f.conversation_id = a.conversation_id
			and f.user_id = a.user_id
			and f.joined_id = a.joined_id
		where f.delivered_id < a.id
		order by f.conversation_id, f.user_id, f.joined_id
		for no key update of f
	)
	update former_members f
	set delivered_id = l.id
	from locked l
	where f.conversation_id = l.conversation_id
		and f.user_id = l.user_id
		and f.joined_id = l.joined_id
		and f.delivered_id < l.id;
end
$$;
