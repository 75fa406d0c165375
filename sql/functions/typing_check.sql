-- Checks whether a user may announce typing in a conversation, and counts the members who would be
-- notified.
-- Returns one row: status ok | not_a_member, and the number of members when ok. Never raises for a
-- caller's mistake.
-- SPDX-License-Identifier: MIT
create function typing_check(in_conversation bigint, in_user bigint)
returns table (status text, member_count integer)
language plpgsql
stable
as $$
begin
	status := 'not_a_member';
	select 'ok', c.member_count into status, member_count
	from members m
	join conversations c on c.id = m.conversation_id
	where m.conversation_id = in_conversation
		and m.user_id = in_user
		and c.deleted_id is null;
	status := coalesce(status, 'not_a_member');
	return next;
end
$$;
