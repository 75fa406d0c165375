-- Lists users whose name begins with in_prefix, by name, after the name in_after.
-- in_asker: the reader, who sees last_seen of people whose presence they may see.
-- Returns: {"users":[…],"has_more":…}
-- SPDX-License-Identifier: MIT
create function user_find(in_asker bigint, in_prefix text, in_after text, in_limit integer)
returns json
language plpgsql
stable
as $$
declare
	v_prefix text := lower(coalesce(in_prefix, ''));
	v_body json;
begin
	with page as materialized (
		select u.id, row_number() over (order by u.name) as place
		from users u
		where u.name >= v_prefix
			and u.name < v_prefix || '~'  -- beyond every character that a name may have
			and u.name > coalesce(in_after, '')
		order by u.name
		limit in_limit + 1
	),
	seen as materialized (
		select a.user_id
		from presence_allowed(in_asker, array(select p.id from page p)) a
	)
	select concat(
		'{"users":[',
		string_agg(user_json(u, s.user_id is not null), ',' order by p.place) filter (where p.place <= in_limit),
		'],"has_more":', to_json(count(*) > in_limit), '}'
	)
	into v_body
	from page p
	join users u on u.id = p.id
	left join seen s on s.user_id = p.id;
	return v_body;
end
$$;
