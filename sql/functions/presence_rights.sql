-- Checks pairs of a watcher and a watched user: element i of in_users watches element i of
-- in_others. As presence_allowed, for many users at once.
-- Returns: the pairs that are allowed, each once.
-- SPDX-License-Identifier: MIT
create function presence_rights(in_users bigint[], in_others bigint[])
returns table (user_id bigint, other_id bigint)
language sql
stable
as $$
	select w.user_id, a.user_id
	from (
		select p.user_id, array_agg(distinct p.other_id) as others
		from unnest(in_users, in_others) as p (user_id, other_id)
		group by p.user_id
	) w
	cross join lateral presence_allowed(w.user_id, w.others) a
$$;
