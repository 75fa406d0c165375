-- Why a message may not be answered to in this conversation: not_a_member | unknown_reply (no such message, or one from before their time) | null, it may.
-- SPDX-License-Identifier: MIT
create function message_reply_refused(in_conversation bigint, in_sender bigint, in_reply_to bigint)
returns text
language plpgsql
volatile
as $$
declare
	v_visible_id bigint;
begin
	select case c.history when 'joined' then m.joined_id else 0 end
	into v_visible_id
	from members m
	join conversations c on c.id = m.conversation_id
	where m.conversation_id = in_conversation
		and m.user_id = in_sender
		and m.left_id is null
		and c.deleted_id is null;
	if not found then
		return 'not_a_member';
	end if;

	perform
	from messages m
	where m.conversation_id = in_conversation
		and m.id = in_reply_to
		and m.id >= v_visible_id;
	if not found then
		return 'unknown_reply';
	end if;
	return null;
end
$$;
