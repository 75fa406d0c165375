-- Returns a conversation for a user whose membership has ended. The JSON has the shape of
-- conversation_json, without anything that may be newer than the membership.
-- It begins the replay of that membership. The event that ended the membership ends the replay.
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
		',"last_id":"', in_last_id,
		'","activity_id":"', in_last_id,
		'","unread_count":0,"mention_count":0,"read_id":"0","delivered_id":"0","members":[]}'
	)
$$;
