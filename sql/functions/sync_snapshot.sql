-- Returns a snapshot for a client without a cursor. The caller reads the cursor's horizon in an
-- earlier statement (stream_horizon).
-- Returns: {"user":…,"conversations":[…],"has_more":…}, with the first page of the inbox.
-- Raises: user_not_found.
-- SPDX-License-Identifier: MIT
create function sync_snapshot(in_user bigint, in_limit integer)
returns json
language plpgsql
stable
as $$
begin
	return concat('{"user":', user_get(in_user), ',', substr(conversation_list(in_user, null, null, in_limit)::text, 2));
end
$$;
