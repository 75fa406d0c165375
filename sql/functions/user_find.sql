-- Users whose name begins with in_prefix, by name, after the name in_after.
-- Returns: {"users":[…],"has_more":…}
-- SPDX-License-Identifier: MIT
create function user_find(in_prefix text, in_after text, in_limit integer)
returns json
language plpgsql
stable
as $$
declare
	v_prefix text := lower(coalesce(in_prefix, ''));
	v_body json;
begin
	with page as (
		select u.name, user_json(u) as body, row_number() over (order by u.name) as place
		from users u
		where u.name >= v_prefix
			and u.name < v_prefix || '~'  -- beyond every character that a name may have
			and u.name > coalesce(in_after, '')
		order by u.name
		limit in_limit + 1
	)
	select concat(
		'{"users":[', string_agg(p.body, ',' order by p.name) filter (where p.place <= in_limit),
		'],"has_more":', to_json(count(*) > in_limit), '}'
	)
	into v_body
	from page p;
	return v_body;
end
$$;
