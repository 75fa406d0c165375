-- Returns those of some users whose presence a user may see: the ones who share a conversation with
-- the user, and the user.
-- The function looks through the conversations of each other user until one is shared. So the cost
-- does not depend on the number of the asking user's conversations.
-- SPDX-License-Identifier: MIT
create function presence_allowed(in_user bigint, in_users bigint[])
returns table (user_id bigint)
language plpgsql
stable
-- Planned once, for tables that will not stay small.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
	return query
	select a.user_id
	from (select distinct u.id as user_id from unnest(in_users) as u (id)) a
	-- limit 1 keeps both subqueries look-ups that end with the first row found
	left join lateral (
		select true as found
		from members t
		cross join lateral (
			select
			from members m
			join conversations c on c.id = m.conversation_id
				and c.deleted_id is null
			where m.conversation_id = t.conversation_id
				and m.user_id = in_user
			limit 1
		) o
		where t.user_id = a.user_id
		limit 1
	) s on a.user_id <> in_user
	where a.user_id = in_user
		or s.found;
end
$$;
