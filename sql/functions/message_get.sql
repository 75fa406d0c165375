-- Returns one message.
-- Returns: the message as JSON; to its sender with status and receipts.
-- Raises: not_a_member, message_not_found.
-- SPDX-License-Identifier: MIT
create function message_get(in_conversation bigint, in_user bigint, in_message bigint)
returns json
language plpgsql
stable
as $$
declare
	v_visible_id bigint;
	v_body json;
begin
	select r.visible_id into v_visible_id from member_require(in_conversation, in_user) r;

	select message_json(m, (
			select receipts_json(in_conversation, m.id, r.delivered, r.read, r.of_members)
			from receipts_counts(in_conversation, array[m.id]) r
			where m.sender_id = in_user
		))
	into v_body
	from messages m
	where m.conversation_id = in_conversation
		and m.id = in_message
		and m.id >= v_visible_id;
	if not found then
		perform fail('message_not_found', 'there is no such message in this conversation');
	end if;
	return v_body;
end
$$;
