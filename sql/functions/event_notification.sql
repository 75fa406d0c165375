-- Returns the payload to publish on a conversation's channel for a durable event.
-- in_removed_user: what change_removed_user returns for the event.
-- SPDX-License-Identifier: MIT
create function event_notification(in_id bigint, in_seq bigint, in_removed_user text, in_event text)
returns text
language sql
stable parallel safe
as $$
	select concat('e ', in_id, ' ', in_seq, ' ', in_removed_user, E'\n', in_event)
$$;
