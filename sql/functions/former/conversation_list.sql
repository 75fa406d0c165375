-- Lists the inbox for programs of version 1, whose page key is the activity_id alone. Conversations
-- with the same activity_id may be skipped.
-- Returns: {"conversations":[…],"has_more":…}
-- SPDX-License-Identifier: MIT
create function conversation_list(in_user bigint, in_before bigint, in_limit integer)
returns json
language sql
stable
as $$
	select conversation_list(in_user, in_before, null, in_limit)
$$;
