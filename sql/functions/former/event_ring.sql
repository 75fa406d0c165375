-- Serves functions of version 1 that run while load.sql replaces them. See event_notification.
-- SPDX-License-Identifier: MIT
create function event_ring(in_id bigint, in_seq bigint, in_gone text, in_event text)
returns text
language sql
stable parallel safe
as $$
	select event_notification(in_id, in_seq, in_gone, in_event)
$$;
