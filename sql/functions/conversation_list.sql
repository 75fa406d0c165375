-- A user's inbox: their conversations, the most recently active first, after the one whose activity_id is in_before.
-- Returns: {"conversations":[…],"has_more":…}
-- SPDX-License-Identifier: MIT
create function conversation_list(in_user bigint, in_before bigint, in_limit integer)
returns json
language plpgsql
stable
as $$
declare
	v_body json;
begin
	with page as (
		select c.id, c.last_id, row_number() over (order by c.last_id desc, c.id) as place
		from members m
		join conversations c on c.id = m.conversation_id
		where m.user_id = in_user
			and m.left_id is null
			and c.deleted_id is null
			and c.last_id < coalesce(in_before, 9223372036854775807)
		order by c.last_id desc, c.id
		limit in_limit + 1
	)
	select concat(
		'{"conversations":[', string_agg(conversation_json(p.id, in_user), ',' order by p.place) filter (where p.place <= in_limit),
		'],"has_more":', to_json(count(*) > in_limit), '}'
	)
	into v_body
	from page p;
	return v_body;
end
$$;
