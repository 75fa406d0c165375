-- Ends the membership of one user, or of all members when in_member is null. Moves the rows to
-- former_members.
-- in_id, in_seq: the event that ends the memberships.
-- The caller holds the conversation's row lock.
-- Writes: members, former_members.
-- SPDX-License-Identifier: MIT
create function members_end(in_conversation bigint, in_member bigint, in_id bigint, in_seq bigint)
returns void
language plpgsql
volatile
as $$
begin
	perform members_lock(in_conversation, case when in_member is not null then array[in_member] end);

	with ended as (
		delete from members m
		where m.conversation_id = in_conversation
			and m.user_id >= coalesce(in_member, 0)
			and m.user_id <= coalesce(in_member, 9223372036854775807)
		returning m.conversation_id, m.user_id, m.joined_id, m.joined_seq, m.delivered_id, m.read_id
	)
	insert into former_members (conversation_id, user_id, joined_id, joined_seq, left_id, left_seq, delivered_id, received_id, read_id)
	select e.conversation_id, e.user_id, e.joined_id, e.joined_seq, in_id, in_seq, e.delivered_id, e.delivered_id, e.read_id
	from ended e;
end
$$;
