-- How many members have received and read each of some messages of a conversation, and of how many.
-- Counted are the members of now who were members when the message was sent, but not its sender. One pass over the members, however many messages.
-- SPDX-License-Identifier: MIT
create function receipts_counts(in_conversation bigint, in_messages bigint[])
returns table (message_id bigint, sender_id bigint, delivered integer, read integer, of_members integer)
language plpgsql
stable
as $$
declare
	v_ids bigint[];
begin
	select array_agg(m.id order by m.id) into v_ids
	from messages m
	where m.conversation_id = in_conversation
		and m.id = any (in_messages);
	if v_ids is null then
		return;
	end if;

	return query
	-- where each member's marks stand among the messages: 0 before the first, n at or behind the nth; many members stand alike
	with marks as materialized (
		select width_bucket(m.delivered_id, v_ids) as delivered,
			width_bucket(m.read_id, v_ids) as read,
			width_bucket(m.joined_id, v_ids) as joined,
			count(*)::integer as members
		from members m
		where m.conversation_id = in_conversation
			and m.left_id is null
		group by 1, 2, 3
	),
	-- a sender has received and read whatever they sent; they are taken out again
	asked as (
		select m.id, m.sender_id, width_bucket(m.id, v_ids) as place, count(s.user_id)::integer as self
		from messages m
		left join members s on s.conversation_id = m.conversation_id
			and s.user_id = m.sender_id
			and s.left_id is null
			and s.joined_id < m.id
		where m.conversation_id = in_conversation
			and m.id = any (v_ids)
		group by 1, 2
	)
	select a.id,
		a.sender_id,
		coalesce(sum(k.members) filter (where k.delivered >= a.place), 0)::integer - a.self,
		coalesce(sum(k.members) filter (where k.read >= a.place), 0)::integer - a.self,
		coalesce(sum(k.members), 0)::integer - a.self
	from asked a
	left join marks k on k.joined < a.place
	group by a.id, a.sender_id, a.self
	order by a.id;
end
$$;
