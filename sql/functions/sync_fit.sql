-- Keeps the first events of a page that have up to in_bytes of JSON together, before texts are
-- escaped; one event at least. The parameters are arrays of sync_by_id.
-- in_is_pass: the page has the order of a pass (sync_events).
-- Returns: the arrays of the kept events.
-- SPDX-License-Identifier: MIT
create function sync_fit(
	in_conversations bigint[],
	in_joined_seqs bigint[],
	in_left_ids bigint[],
	in_left_seqs bigint[],
	in_ids bigint[],
	in_are_messages boolean[],
	in_is_pass boolean,
	in_bytes integer,
	out conversations bigint[],
	out joined_seqs bigint[],
	out left_ids bigint[],
	out left_seqs bigint[],
	out ids bigint[],
	out are_messages boolean[]
)
language sql
stable
as $$
	with sized as (
		select p.*, case
				-- conversation.created has the last message (conversation_json)
				when h.seq = p.joined_seq and p.left_id is null then 1024 + (
					select coalesce(sum(octet_length(l.text) + coalesce(octet_length(l.data::text), 0)), 0)
					from conversations c
					join messages l on l.conversation_id = c.id and l.id = c.last_message_id
					where c.id = p.conversation_id
				)
				when p.is_message then 256 + octet_length(m.text) + coalesce(octet_length(m.data::text), 0)
				else 512
			end as bytes
		from unnest(in_conversations, in_joined_seqs, in_left_ids, in_left_seqs, in_ids, in_are_messages)
			as p (conversation_id, joined_seq, left_id, left_seq, id, is_message)
		left join messages m on m.conversation_id = p.conversation_id and m.id = p.id
		left join changes h on h.conversation_id = p.conversation_id and h.id = p.id
	),
	placed as (
		select s.*, row_number() over place as place, sum(s.bytes) over (place rows unbounded preceding) as bytes_to
		from sized s
		window place as (order by case when in_is_pass then s.conversation_id end, s.id, s.conversation_id)
	)
	select array_agg(p.conversation_id),
		array_agg(p.joined_seq),
		array_agg(p.left_id),
		array_agg(p.left_seq),
		array_agg(p.id),
		array_agg(p.is_message)
	from placed p
	where p.bytes_to <= in_bytes
		or p.place = 1
$$;
