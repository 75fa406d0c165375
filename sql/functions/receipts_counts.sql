-- Counts, for some messages of a conversation, the members who have received and who have read
-- each, and of how many.
-- Counts the present members who were members when the message was sent, except its sender.
-- Reads the members once, however many messages there are.
-- SPDX-License-Identifier: MIT
create function receipts_counts(in_conversation bigint, in_messages bigint[])
returns table (message_id bigint, sender_id bigint, delivered integer, read integer, of_members integer)
language plpgsql
stable
-- Planned once, for tables that will not stay small. A bitmap scan reads a page of a large group
-- once; an index scan returns to it for each member.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_indexscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
	v_ids bigint[];
	v_senders bigint[];
begin
	select array_agg(m.id order by m.id), array_agg(m.sender_id order by m.id) into v_ids, v_senders
	from messages m
	where m.conversation_id = in_conversation
		and m.id = any (in_messages);
	if v_ids is null then
		return;
	end if;

	return query
	-- the place of each member's marks among the messages: 0 before the first, n at or behind
	-- the nth; many members share one
	with marks as materialized (
		select width_bucket(m.joined_id, v_ids) as joined,
			width_bucket(m.delivered_id, v_ids) as delivered,
			width_bucket(m.read_id, v_ids) as read,
			count(*)::integer as members
		from members m
		where m.conversation_id = in_conversation
		group by 1, 2, 3
	),
	-- a member counts from the message after joining to the one at the mark: the counts change
	-- at these places, and are sums of the changes
	steps as (
		select k.joined + 1 as place,
			k.members as of_members,
			case when k.delivered > k.joined then k.members else 0 end as delivered,
			case when k.read > k.joined then k.members else 0 end as read
		from marks k
		union all
		select k.delivered + 1, 0, -k.members, 0
		from marks k
		where k.delivered > k.joined
		union all
		select k.read + 1, 0, 0, -k.members
		from marks k
		where k.read > k.joined
		union all
		select a.place, 0, 0, 0
		from generate_series(1, cardinality(v_ids)) a (place)
	),
	counts as (
		select h.place,
			sum(sum(h.of_members)) over w as of_members,
			sum(sum(h.delivered)) over w as delivered,
			sum(sum(h.read)) over w as read
		from steps h
		group by h.place
		window w as (order by h.place)
	),
	-- a sender has received and read the own messages, and is taken out again
	senders as materialized (
		select m.user_id, m.joined_id
		from (select distinct s.user_id from unnest(v_senders) s (user_id)) d
		join members m on m.conversation_id = in_conversation
			and m.user_id = d.user_id
	)
	select a.id,
		a.sender_id,
		(n.delivered - a.self)::integer,
		(n.read - a.self)::integer,
		(n.of_members - a.self)::integer
	from (
		select o.id, o.sender_id, o.place, (exists (select from senders s where s.user_id = o.sender_id and s.joined_id < o.id))::integer as self
		from unnest(v_ids, v_senders) with ordinality as o (id, sender_id, place)
	) a
	join counts n on n.place = a.place
	order by a.id;
end
$$;
