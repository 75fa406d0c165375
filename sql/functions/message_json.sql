-- Returns a message as all members see it. data is unchanged, including nulls.
-- in_receipts: the part that only the sender sees (receipts_json), or null.
-- SPDX-License-Identifier: MIT
create function message_json(in_message messages, in_receipts text default null)
returns text
language sql
stable parallel safe
as $$
	select concat(
		'{"id":"', in_message.id,
		'","conversation_id":"', in_message.conversation_id,
		'","seq":', in_message.seq,
		',"sender_id":"', in_message.sender_id,
		'","client_id":', to_json(in_message.client_id),
		',"text":', to_json(in_message.text),
		',"data":' || in_message.data::text,
		',"reply_to":"' || in_message.reply_to || '"',
		',"mentions":' || to_json(in_message.mentions::text[]),
		',"created_at":"', time_json(id_time(in_message.id)), '"',
		',"edited_at":"' || time_json(in_message.edited_at) || '"',
		',"deleted_at":"' || time_json(in_message.deleted_at) || '"',
		in_receipts,
		'}'
	)
$$;
