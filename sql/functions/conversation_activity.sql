-- Returns the activity_id of a conversation for a member: the greater id of its newest message and
-- of the event by which the member joined.
-- No other event moves the activity_id.
-- SPDX-License-Identifier: MIT
create function conversation_activity(in_message bigint, in_joined bigint)
returns bigint
language sql
immutable parallel safe
as $$
	select greatest(in_message, in_joined)
$$;
