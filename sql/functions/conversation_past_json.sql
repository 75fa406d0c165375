-- A conversation to somebody whose time in it is over: the same shape as conversation_json, but nothing that may be from after their time.
-- It opens the replay of that time, which ends with the event that ended it.
-- SPDX-License-Identifier: MIT
create function conversation_past_json(in_conversation conversations, in_last_seq bigint, in_last_id bigint)
returns text
language sql
stable parallel safe
as $$
	select concat(
		'{"id":"', in_conversation.id,
		'","kind":"', in_conversation.kind,
		'","history":"', in_conversation.history,
		'","created_by":"', in_conversation.created_by,
		'","created_at":"', time_json(in_conversation.created_at),
		'","member_count":1,"role":"member","message_count":0,"last_seq":', in_last_seq,
		',"activity_id":"', in_last_id,
		'","unread_count":0,"mention_count":0,"read_id":"0","delivered_id":"0","members":[]}'
	)
$$;
