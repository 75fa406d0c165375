-- A page of a conversation's history, oldest first: the newest messages, or those before, after or around a message. One anchor at most.
-- after 0 is the beginning. With history 'joined' nothing from before one's joining is there.
-- Returns: {"messages":[…],"has_more":…,"has_newer":…}; has_more is about the direction of the page (around: older), has_newer only comes with around.
-- One's own messages carry status and receipts.
-- Raises: not_a_member, unknown_anchor (the anchor is no event of this conversation that one may see).
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
as $$
declare
	v_visible_id bigint;
	v_anchor bigint := coalesce(in_before, in_after, in_around);
	v_older_limit integer := 0;
	v_newer_limit integer := 0;
	v_older bigint[] := '{}';  -- newest first
	v_newer bigint[] := '{}';  -- oldest first
	v_ids bigint[];
	v_own bigint[];
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

	-- which: one more than asked for tells whether there is more
	if in_after is not null then
		v_newer_limit := in_limit;
	elsif in_around is not null then
		v_older_limit := in_limit / 2;
		v_newer_limit := in_limit - v_older_limit;
	else
		v_older_limit := in_limit;
	end if;
	if in_after is null then
		select array_agg(p.id) into v_older
		from (
			select m.id
			from messages m
			where m.conversation_id = in_conversation
				and m.id >= v_visible_id
				and m.id < coalesce(v_anchor, 9223372036854775807)
			order by m.id desc
			limit v_older_limit + 1
		) p;
	end if;
	if coalesce(in_after, in_around) is not null then
		select array_agg(p.id) into v_newer
		from (
			select m.id
			from messages m
			where m.conversation_id = in_conversation
				and m.id >= greatest(v_visible_id, v_anchor + (in_around is null)::integer)
			order by m.id
			limit v_newer_limit + 1
		) p;
	end if;
	v_ids := v_older[:v_older_limit] || v_newer[:v_newer_limit];

	-- how far one's own have come; "is not distinct from" keeps it off the index by sender, which would read all that one ever sent here
	select array_agg(m.id) into v_own
	from messages m
	where m.conversation_id = in_conversation
		and m.id = any (v_ids)
		and m.sender_id is not distinct from in_user;

	-- what they say
	select string_agg(message_json(m, receipts_json(r.delivered, r.read, r.of_members)), ',' order by m.id)
	into v_messages
	from messages m
	left join receipts_counts(in_conversation, v_own) r on r.message_id = m.id
	where m.conversation_id = in_conversation
		and m.id = any (v_ids);

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
