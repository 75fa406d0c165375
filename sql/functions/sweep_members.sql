-- The conversations that some users have joined since an id, and are still in.
-- SPDX-License-Identifier: MIT
create function sweep_members(in_users bigint[], in_since bigint)
returns table (user_id bigint, conversation_id bigint)
language sql
stable
as $$
	select m.user_id, m.conversation_id
	from members m
	join conversations c on c.id = m.conversation_id
	where m.user_id = any (in_users)
		and m.joined_id >= in_since
		and m.left_id is null
		and c.deleted_id is null
$$;
