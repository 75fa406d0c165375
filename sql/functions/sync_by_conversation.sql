-- Finds the first in_limit events that a cursor does not cover, in the order of (conversation_id,
-- id). The parameters of the cursor are those of sync_events, which calls this function and sets
-- the planner's settings.
-- in_conversation, in_upto: the place after which the page begins, or null.
-- in_end: the id below which all found events are, or null for no limit.
-- Returns: as sync_by_id.
--
-- The function reads only as many conversations as the page needs. It takes a block of
-- conversations with new events, reads these events, and takes a block of twice the size next. So a
-- page reads about three times as many rows as it returns. A conversation without new events costs
-- one look at its row in conversations.
-- SPDX-License-Identifier: MIT
create function sync_by_conversation(
	in_user bigint,
	in_base bigint,
	in_conversations bigint[],
	in_ids bigint[],
	in_reads bigint[],
	in_read_conversations bigint[],
	in_snapshots text[],
	in_conversation bigint,
	in_upto bigint,
	in_end bigint,
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
declare
	c_first constant integer := 4;
	c_most constant integer := 32;
	v_ended bigint[];
	v_live bigint[];
	v_block bigint[];
	v_take integer := c_first;
	v_after bigint := coalesce(in_conversation, 0) - 1;
	v_last bigint;
	v_page record;
begin
	select array_agg(distinct f.conversation_id order by f.conversation_id) into v_ended
	from former_members f
	where f.user_id = in_user
		and f.left_id >= in_base
		and f.conversation_id > v_after;

	loop
		-- the user's next conversations with new events; the index returns them in
		-- order, and the query stops after them
		select array_agg(t.conversation_id order by t.conversation_id) into v_live
		from (
			select m.conversation_id
			from members m
			cross join lateral (
				select c.last_id
				from conversations c
				where c.id = m.conversation_id
				offset 0
			) c
			where m.user_id = in_user
				and m.conversation_id > v_after
				and c.last_id >= in_base
			order by m.conversation_id
			limit v_take
		) t;
		-- and the conversations of ended memberships, up to the last of this block
		v_last := case when cardinality(v_live) = v_take then v_live[v_take] end;
		v_block := v_live;
		if v_ended is not null then
			select array_agg(distinct b.id order by b.id) into v_block
			from (
				select unnest(v_live) as id
				union all
				select unnest(v_ended)
			) b
			where b.id > v_after
				and (v_last is null or b.id <= v_last);
		end if;

		select array_agg(p.conversation_id) as conversations,
			array_agg(p.joined_seq) as joined_seqs,
			array_agg(p.left_id) as left_ids,
			array_agg(p.left_seq) as left_seqs,
			array_agg(p.id) as ids,
			array_agg(p.is_message) as are_messages,
			256 * count(*) + sum(case p.id when p.joined_id then 81920 else p.bytes end) as bytes
		into v_page
		from (
			select t.conversation_id, t.joined_id, t.joined_seq, t.left_id, t.left_seq, e.id, e.is_message, e.bytes
			from unnest(v_block) as b (conversation_id)
			cross join lateral (
				select m.conversation_id, m.joined_id, m.joined_seq, null::bigint as left_id, null::bigint as left_seq
				from members m
				where m.conversation_id = b.conversation_id
					and m.user_id = in_user
				union all
				select f.conversation_id, f.joined_id, f.joined_seq, f.left_id, f.left_seq
				from former_members f
				where f.conversation_id = b.conversation_id
					and f.user_id = in_user
					and f.left_id >= in_base
			) t
			join conversations c on c.id = t.conversation_id
			cross join lateral (
				select greatest(
						t.joined_id,
						in_base,
						case t.conversation_id when in_conversation then in_upto + 1 end,
						(
							select max(x.id) + 1
							from unnest(in_conversations, in_ids) as x (conversation_id, id)
							where x.conversation_id = t.conversation_id
						)
					) as from_id,
					least(t.left_id, c.last_id, in_end - 1) as to_id
				offset 0
			) r
			cross join lateral sync_conversation(
				t.conversation_id, r.from_id, r.to_id, in_reads, in_read_conversations, in_snapshots,
				in_limit - coalesce(cardinality(ids), 0)
			) e
			order by t.conversation_id, e.id
			limit in_limit - coalesce(cardinality(ids), 0)
		) p;
		conversations := conversations || v_page.conversations;
		joined_seqs := joined_seqs || v_page.joined_seqs;
		left_ids := left_ids || v_page.left_ids;
		left_seqs := left_seqs || v_page.left_seqs;
		ids := ids || v_page.ids;
		are_messages := are_messages || v_page.are_messages;
		bytes := coalesce(bytes, 0) + coalesce(v_page.bytes, 0);
		exit when v_last is null or cardinality(ids) >= in_limit;
		v_after := v_last;
		v_take := least(v_take * 2, c_most);
	end loop;
end
$$;
