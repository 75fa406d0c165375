-- The events of a conversation after an id, in order, the first in_limit of them: what a hole in the doorbell is filled from.
-- Returns: what event_ring puts on the channel, taken apart. Nothing is checked: this is for who serves members, not for members.
-- SPDX-License-Identifier: MIT
create function events_range(in_conversation bigint, in_after_id bigint, in_limit integer)
returns table (id bigint, seq bigint, gone text, event text)
language plpgsql
stable
as $$
begin
	return query
	(
		select m.id, m.seq, '0', event_json('message.created', m.conversation_id, m.id, m.seq, message_json(m))
		from messages m
		where m.conversation_id = in_conversation
			and m.id > in_after_id
		order by m.id
		limit in_limit
	)
	union all
	(
		select g.id, g.seq, change_gone(g.type, g.user_id), event_json(g.type, g.conversation_id, g.id, g.seq, g.data::text)
		from changes g
		where g.conversation_id = in_conversation
			and g.id > in_after_id
		order by g.id
		limit in_limit
	)
	order by 1
	limit in_limit;
end
$$;
