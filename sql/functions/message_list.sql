-- Returns a page of a conversation's history, oldest first: the newest messages, or those before,
-- after or around an anchor.
-- in_before, in_after, in_around: the anchor, an event of the conversation. At most one is given.
--   in_after 0 is the beginning.
-- With history 'joined' a member gets no message from before the membership.
-- Returns: {"messages":[…],"has_more":…,"has_newer":…}; has_more is whether the page's direction
--   has more (for around: older ones). has_newer is given for around only.
-- A page has up to page_bytes() of JSON, so fewer messages than in_limit when they are long. The
-- reader's own messages have status and receipts.
-- Raises: not_a_member, unknown_anchor (the reader may see no event of this conversation with that
--   id).
-- SPDX-License-Identifier: MIT
create function message_list(
	in_conversation bigint,
	in_user bigint,
	in_before bigint,
	in_after bigint,
	in_around bigint,
	in_limit integer
)
returns json
language plpgsql
stable
-- Planned once, for tables that will not stay small: a page costs the same in a conversation of any
-- size.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
	v_visible_id bigint;
	v_anchor bigint := coalesce(in_before, in_after, in_around);
	v_older_limit integer := 0;
	v_newer_limit integer := 0;
	v_older messages[];  -- newest first
	v_newer messages[];  -- oldest first
	v_page messages[];
	v_own bigint[];
	v_bytes integer;
	v_messages text;
begin
	select r.visible_id into v_visible_id from member_require(in_conversation, in_user) r;
	if v_anchor is not null and in_after is distinct from 0 then
		perform from messages m where m.conversation_id = in_conversation and m.id = v_anchor and m.id >= v_visible_id
		union all
		select from changes g where g.conversation_id = in_conversation and g.id = v_anchor and g.id >= v_visible_id;
		if not found then
			perform fail('unknown_anchor', 'there is no such message in this conversation');
		end if;
	end if;

	-- One more than the limit tells whether there is more. The rows are read once, in the order
	-- of the index.
	if in_after is not null then
		v_newer_limit := in_limit;
	elsif in_around is not null then
		v_older_limit := in_limit / 2;
		v_newer_limit := in_limit - v_older_limit;
	else
		v_older_limit := in_limit;
	end if;
	if in_after is null then
		select array_agg(p.message) into v_older
		from (
			select m as message
			from messages m
			where m.conversation_id = in_conversation
				and m.id >= v_visible_id
				and m.id < coalesce(v_anchor, 9223372036854775807)
			order by m.id desc
			limit v_older_limit + 1
		) p;
	end if;
	if coalesce(in_after, in_around) is not null then
		select array_agg(p.message) into v_newer
		from (
			select m as message
			from messages m
			where m.conversation_id = in_conversation
				and m.id >= greatest(v_visible_id, v_anchor + (in_around is null)::integer)
			order by m.id
			limit v_newer_limit + 1
		) p;
	end if;
	-- a page of long messages ends earlier; around an anchor each side has a half
	v_bytes := page_bytes() / case when in_around is null then 1 else 2 end;
	v_older_limit := least(v_older_limit, page_fit(v_older[:v_older_limit], v_bytes));
	v_newer_limit := least(v_newer_limit, page_fit(v_newer[:v_newer_limit], v_bytes));
	v_page := v_older[:v_older_limit] || v_newer[:v_newer_limit];

	-- the receipts of one's own
	select array_agg(m.id) into v_own
	from unnest(v_page) m
	where m.sender_id = in_user;

	select string_agg(message_json(m, receipts_json(in_conversation, m.id, r.delivered, r.read, r.of_members)), ',' order by m.id)
	into v_messages
	from unnest(v_page) m
	left join receipts_counts(in_conversation, v_own) r on r.message_id = m.id;

	return concat(
		'{"messages":[', v_messages,
		'],"has_more":', to_json(case
			when in_after is null then coalesce(cardinality(v_older), 0) > v_older_limit
			else coalesce(cardinality(v_newer), 0) > v_newer_limit
		end),
		',"has_newer":' || case
			when in_around is not null then to_json(coalesce(cardinality(v_newer), 0) > v_newer_limit)::text
		end,
		'}'
	);
end
$$;
