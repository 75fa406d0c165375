-- Marks a conversation as read up to a message.
-- Returns: {conversation_id,read_id,unread_count,mention_count}, and the payloads to publish.
-- Raises: not_a_member, message_not_found.
-- Writes: members (receipt_move).
-- SPDX-License-Identifier: MIT
create function conversation_read(in_conversation bigint, in_user bigint, in_message bigint)
returns table (channel text, payload text)
language plpgsql
volatile
as $$
declare
	v_visible_id bigint;
	v_channels text[];
	v_payloads text[];
	v_body text;
begin
	select r.visible_id into v_visible_id from member_require(in_conversation, in_user) r;
	perform
	from messages m
	where m.conversation_id = in_conversation
		and m.id = in_message
		and m.id >= v_visible_id;
	if not found then
		perform fail('message_not_found', 'there is no such message in this conversation');
	end if;

	select array_agg(r.channel), array_agg(r.payload) into v_channels, v_payloads
	from receipt_move(in_conversation, in_user, null, in_message) r;

	-- An owner may have removed the user while receipt_move waited for the row.
	v_body := read_json(in_conversation, in_user);
	if v_body is null then
		perform fail('not_a_member', 'you are not a member of this conversation');
	end if;
	return query values (null, v_body);
	return query
	select r.channel, r.payload
	from unnest(v_channels, v_payloads) as r (channel, payload);
end
$$;
