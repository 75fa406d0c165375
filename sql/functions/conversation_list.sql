-- Lists a user's inbox, the most recently active conversations first.
-- in_before, in_before_id: the activity_id and the id of the conversation before the page. Without
--   in_before_id the page begins after all conversations with that activity_id.
-- A page has up to page_bytes() of JSON, so fewer conversations than in_limit when their last
-- messages are long.
-- Returns: {"conversations":[…],"has_more":…}
-- SPDX-License-Identifier: MIT
create function conversation_list(in_user bigint, in_before bigint, in_before_id bigint, in_limit integer)
returns json
language plpgsql
stable
-- Planned once, for tables that will not stay small.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
	v_body json;
begin
	with page as (
		select a.id, a.last_message_id, row_number() over (order by a.activity_id desc, a.id desc) as place
		from (
			select c.id, c.last_message_id, conversation_activity(c.last_message_id, m.joined_id) as activity_id
			from members m
			join conversations c on c.id = m.conversation_id
			where m.user_id = in_user
				and c.deleted_id is null
		) a
		where in_before is null
			or (a.activity_id, a.id) < (in_before, coalesce(in_before_id, 0))
		order by a.activity_id desc, a.id desc
		limit in_limit + 1
	),
	-- by the stored sizes, so that no more JSON is built
	sized as (
		select p.place, p.id, sum(octet_length(m.text) + coalesce(octet_length(m.data::text), 0)) over (order by p.place) as bytes
		from page p
		left join messages m on m.conversation_id = p.id and m.id = p.last_message_id
		where p.place <= in_limit
	),
	shown as materialized (
		select s.place, conversation_json(s.id, in_user) as json
		from sized s
		where coalesce(s.bytes, 0) <= page_bytes()
			or s.place = 1
	),
	fitting as (
		select s.place, s.json
		from (
			select h.place, h.json, sum(octet_length(h.json)) over (order by h.place) as bytes
			from shown h
		) s
		where s.bytes <= page_bytes()
			or s.place = 1
	)
	select concat(
		'{"conversations":[', string_agg(f.json, ',' order by f.place),
		'],"has_more":', to_json(count(*) < (select count(*) from page)), '}'
	)
	into v_body
	from fitting f;
	return v_body;
end
$$;
