-- Returns the events of a conversation after an id, in order. push fills a hole with them, page by
-- page. A page has up to in_limit events and up to page_bytes() of JSON before texts are escaped,
-- and at least one event.
-- Returns: the parts of event_notification's result (gone is in_removed_user, by the name that
-- version 1 reads). It checks no membership: only push calls it.
-- SPDX-License-Identifier: MIT
create function events_range(in_conversation bigint, in_after_id bigint, in_limit integer)
returns table (id bigint, seq bigint, gone text, event text)
language plpgsql
stable
as $$
declare
	v_count integer;
begin
	select count(*) into v_count
	from (
		select row_number() over place as place, sum(256 + f.bytes) over (place rows unbounded preceding) as bytes_to
		from (
			select e.id, e.bytes
			from sync_conversation(in_conversation, in_after_id + 1, 9223372036854775807, null, null, null, in_limit) e
			order by e.id
			limit in_limit
		) f
		window place as (order by f.id)
	) p
	where p.bytes_to <= page_bytes()
		or p.place = 1;

	return query
	(
		select m.id, m.seq, '0', event_json('message.created', m.conversation_id, m.id, m.seq, message_json(m))
		from messages m
		where m.conversation_id = in_conversation
			and m.id > in_after_id
		order by m.id
		limit v_count
	)
	union all
	(
		select g.id, g.seq, change_removed_user(g.type, g.user_id), event_json(g.type, g.conversation_id, g.id, g.seq, g.data::text)
		from changes g
		where g.conversation_id = in_conversation
			and g.id > in_after_id
		order by g.id
		limit v_count
	)
	order by 1
	limit v_count;
end
$$;
