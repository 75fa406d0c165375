-- Returns a durable event as streams carry it, without the cursor, which each stream adds.
-- SPDX-License-Identifier: MIT
create function event_json(in_type text, in_conversation bigint, in_id bigint, in_seq bigint, in_data text)
returns text
language sql
stable parallel safe
as $$
	select concat(
		'{"type":"', in_type,
		'","conversation_id":"', in_conversation,
		'","seq":', in_seq,
		',"time":"', time_json(id_time(in_id)),
		'","data":', in_data, '}'
	)
$$;
