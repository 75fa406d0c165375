-- Returns one conversation.
-- Returns: the conversation as JSON.
-- Raises: not_a_member.
-- SPDX-License-Identifier: MIT
create function conversation_get(in_conversation bigint, in_user bigint)
returns json
language plpgsql
stable
as $$
begin
	perform member_require(in_conversation, in_user);
	return conversation_json(in_conversation, in_user);
end
$$;
