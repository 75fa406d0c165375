-- Whose presence a user may see, of those that they ask for: people with whom they share a conversation, and their own.
-- SPDX-License-Identifier: MIT
create function presence_allowed(in_user bigint, in_users bigint[])
returns table (user_id bigint)
language sql
stable
as $$
	with mine as materialized (
		select m.conversation_id
		from members m
		join conversations c on c.id = m.conversation_id
		where m.user_id = in_user
			and m.left_id is null
			and c.deleted_id is null
	)
	select in_user
	where in_user = any (in_users)
	union
	select m.user_id
	from members m
	where m.user_id = any (in_users)
		and m.left_id is null
		and m.conversation_id in (select n.conversation_id from mine n)
$$;
