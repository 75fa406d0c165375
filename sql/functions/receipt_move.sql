-- Moves the marks of one member forward. A mark never goes back, nor beyond the last event. A read
-- message is delivered too. Null or 0 moves nothing.
-- Returns: the payloads to publish: to the conversation when a message was newly received or read,
--   to the user's own devices when the read mark has moved.
-- Writes: members (delivered_id, read_id, read_ordinal). Locks that row only.
-- SPDX-License-Identifier: MIT
create function receipt_move(in_conversation bigint, in_user bigint, in_delivered bigint, in_read bigint)
returns table (channel text, payload text)
language plpgsql
volatile
as $$
declare
	v_members integer;
	v_message bigint;
	v_was_delivered bigint;
	v_was_read bigint;
	v_delivered bigint;
	v_read bigint;
	v_ordinal bigint;
begin
	select c.member_count,
		c.last_message_id,
		m.delivered_id,
		m.read_id,
		greatest(m.read_id, least(coalesce(in_read, 0), c.last_id)),
		greatest(m.delivered_id, least(greatest(in_delivered, in_read, 0), c.last_id)),
		m.read_ordinal
	into v_members, v_message, v_was_delivered, v_was_read, v_read, v_delivered, v_ordinal
	from members m
	join conversations c on c.id = m.conversation_id
	where m.conversation_id = in_conversation
		and m.user_id = in_user
		and c.deleted_id is null
	for no key update of m;
	if not found or (v_delivered = v_was_delivered and v_read = v_was_read) then
		return;
	end if;

	if v_read > v_was_read then
		select m.ordinal into v_ordinal
		from messages m
		where m.conversation_id = in_conversation
			and m.id <= v_read
		order by m.id desc
		limit 1;
	end if;
	update members m
	set delivered_id = v_delivered,
		read_id = v_read,
		read_ordinal = greatest(m.read_ordinal, v_ordinal)
	where m.conversation_id = in_conversation
		and m.user_id = in_user;

	if v_message > v_was_read and (v_read > v_was_read or v_message > v_was_delivered) then
		return query select 'c:' || in_conversation, receipt_notification(v_members, in_user, v_delivered, v_read);
	end if;
	if v_read > v_was_read then
		return query select 'u:' || in_user, concat(
			'n ', in_conversation, ' ', v_read, ' {"type":"conversation.read","time":"', time_json(clock_timestamp()),
			'","data":', read_json(in_conversation, in_user), '}'
		);
	end if;
end
$$;
