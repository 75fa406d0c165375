-- Lists the conversations that some users have joined since an id. Those that they have left again
-- are included, because both events must be delivered.
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
	union
	select f.user_id, f.conversation_id
	from former_members f
	where f.user_id = any (in_users)
		and f.left_id >= in_since
		and f.joined_id >= in_since
$$;
