-- The conversations that some users have joined since an id. They may have left them again: that has to be heard of as well.
-- SPDX-License-Identifier: MIT
create function sweep_members(in_users bigint[], in_since bigint)
returns table (user_id bigint, conversation_id bigint)
language sql
stable
as $$
	select m.user_id, m.conversation_id
	from members m
	where m.user_id = any (in_users)
		and m.joined_id >= in_since
$$;
