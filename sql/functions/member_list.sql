-- Lists the members of a conversation, by user id, after in_after.
-- Returns: {"members":[…],"has_more":…}
-- Raises: not_a_member.
-- SPDX-License-Identifier: MIT
create function member_list(in_conversation bigint, in_user bigint, in_after bigint, in_limit integer)
returns json
language plpgsql
stable
as $$
declare
	v_body json;
begin
	perform member_require(in_conversation, in_user);

	with page as (
		select m.user_id, member_json(m, u) as body, row_number() over (order by m.user_id) as place
		from members m
		join users u on u.id = m.user_id
		where m.conversation_id = in_conversation
			and m.user_id > coalesce(in_after, 0)
		order by m.user_id
		limit in_limit + 1
	)
	select concat(
		'{"members":[', string_agg(p.body, ',' order by p.user_id) filter (where p.place <= in_limit),
		'],"has_more":', to_json(count(*) > in_limit), '}'
	)
	into v_body
	from page p;
	return v_body;
end
$$;
