-- Appends an event that is not a message, at the place that conversation_advance returned.
-- in_user: the user whom the event is about, or null.
-- Returns: the payload to publish on the conversation's channel after COMMIT.
-- Writes: changes.
-- SPDX-License-Identifier: MIT
create function change_append(
	in_conversation bigint,
	in_id bigint,
	in_seq bigint,
	in_type text,
	in_actor bigint,
	in_user bigint,
	in_data text
)
returns text
language plpgsql
volatile
as $$
begin
	insert into changes (conversation_id, id, seq, type, actor_id, user_id, data)
	values (in_conversation, in_id, in_seq, in_type, in_actor, in_user, in_data::json);

	return event_notification(
		in_id,
		in_seq,
		change_removed_user(in_type, in_user),
		event_json(in_type, in_conversation, in_id, in_seq, in_data)
	);
end
$$;
