-- Returns the read mark of a member, and the unread counts.
-- SPDX-License-Identifier: MIT
create function read_json(in_conversation bigint, in_user bigint)
returns text
language sql
stable
as $$
	select concat(
		'{"conversation_id":"', m.conversation_id,
		'","read_id":"', m.read_id,
		'","unread_count":', c.message_count - m.read_ordinal,
		',"mention_count":', (
			select count(distinct n.message_id)
			from mentions n
			where n.conversation_id = m.conversation_id
				and n.user_id in (0, m.user_id)
				and n.message_id > m.read_id
		),
		'}'
	)
	from members m
	join conversations c on c.id = m.conversation_id
	where m.conversation_id = in_conversation
		and m.user_id = in_user
$$;
