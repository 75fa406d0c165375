-- What a cursor does not cover: the events of all of a user's conversations with id >= in_base, except, in the conversations listed, those up to the id
-- beside them. Without a base: those after the user's delivered marks. In the order of (id, conversation_id), the first in_limit of them.
-- A time in a conversation begins with conversation.created, made for this user, in the place of the event that they joined with, and ends with the event
-- that they left with or that deleted the conversation. Of several times each is replayed (former_members).
-- Returns: for each event what event_ring puts on the channel, taken apart.
--
-- Why nothing is lost. Memberships, heads and events are read in one statement, from one snapshot, so they fit together: a join or removal and its event
-- commit as one. What commits after this snapshot has an id at or above any horizon read before it (stream_horizon): whoever takes that horizon as the new
-- base leaves it uncovered, and gets it next time. Pages hold for the same reason: each conversation is read in the order of its ids, so what a page
-- has given of it is everything up to an id.
-- SPDX-License-Identifier: MIT
create function sync_events(
	in_user bigint,
	in_base bigint,
	in_conversations bigint[],
	in_ids bigint[],
	in_limit integer
)
returns table (conversation_id bigint, id bigint, seq bigint, gone text, event text)
language plpgsql
stable
-- As messages_send: planned once, for tables that will not stay small. A crowd that comes back asks this many times.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
	return query
	with listed as (
		select e.conversation_id, max(e.id) as id
		from unnest(in_conversations, in_ids) as e (conversation_id, id)
		group by 1
	),
	times as (
		select m.conversation_id, m.joined_id, m.joined_seq, m.left_id, m.left_seq, m.delivered_id
		from members m
		where m.user_id = in_user
		union all
		select f.conversation_id, f.joined_id, f.joined_seq, f.left_id, f.left_seq, f.left_id
		from former_members f
		where f.user_id = in_user
	),
	missing as (
		select t.conversation_id, t.joined_seq, t.left_id, t.left_seq, r.from_id, r.to_id
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
		select g.conversation_id, g.joined_seq, g.left_id, g.left_seq, e.id, e.is_message
		from missing g
		cross join lateral (
			(
				select m.id, true as is_message
				from messages m
				where m.conversation_id = g.conversation_id
					and m.id between g.from_id and g.to_id
				order by m.id
				limit in_limit
			)
			union all
			(
				select h.id, false
				from changes h
				where h.conversation_id = g.conversation_id
					and h.id between g.from_id and g.to_id
				order by h.id
				limit in_limit
			)
		) e
		order by e.id, g.conversation_id
		limit in_limit
	)
	select p.conversation_id, p.id, m.seq, '0', event_json('message.created', p.conversation_id, p.id, m.seq, message_json(m))
	from page p
	join messages m on m.conversation_id = p.conversation_id and m.id = p.id
	where p.is_message
	union all
	select p.conversation_id,
		p.id,
		h.seq,
		change_gone(h.type, h.user_id),
		case h.seq
			when p.joined_seq then event_json('conversation.created', p.conversation_id, p.id, h.seq, case
				when p.left_id is null and c.deleted_id is null then conversation_json(c.id, in_user)
				else conversation_past_json(c, coalesce(p.left_seq, c.last_seq), coalesce(p.left_id, c.last_id))
			end)
			else event_json(h.type, p.conversation_id, p.id, h.seq, h.data::text)
		end
	from page p
	join changes h on h.conversation_id = p.conversation_id and h.id = p.id
	join conversations c on c.id = p.conversation_id
	where not p.is_message
	order by 2, 1;
end
$$;
