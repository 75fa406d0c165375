-- Returns the payload to publish on a conversation's channel for a durable event.
-- in_gone: who leaves with the event (change_gone).
-- SPDX-License-Identifier: MIT
create function event_ring(in_id bigint, in_seq bigint, in_gone text, in_event text)
returns text
language sql
stable parallel safe
as $$
	select concat('e ', in_id, ' ', in_seq, ' ', in_gone, E'\n', in_event)
$$;
