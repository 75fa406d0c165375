-- Where a client without a cursor begins. Read the horizon that goes with it in an earlier statement (stream_horizon).
-- Returns: {"user":…,"conversations":[…],"has_more":…}, the first page of the inbox.
-- Raises: user_not_found.
-- SPDX-License-Identifier: MIT
create function sync_snapshot(in_user bigint, in_limit integer)
returns json
language plpgsql
stable
as $$
begin
	return concat('{"user":', user_get(in_user), ',', substr(conversation_list(in_user, null, in_limit)::text, 2));
end
$$;
