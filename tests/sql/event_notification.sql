-- The payload for the conversation's channel: kind, id, seq, the removed user, and the event on the
-- next line.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform same(event_notification(7, 2, '*', '{}'), E'e 7 2 *\n{}', 'payload');
end
$$;
