-- Puts people into a conversation, all with the event in_id, in_seq. They begin with everything before it received and read.
-- Who was a member before begins anew; the earlier time is kept in former_members. The caller holds the conversation and has made sure that they are not in it.
-- Writes: members, former_members, in the order of user ids.
-- SPDX-License-Identifier: MIT
create function member_join(
	in_conversation bigint,
	in_members bigint[],
	in_owner bigint,
	in_id bigint,
	in_seq bigint,
	in_before_id bigint,
	in_ordinal bigint
)
returns void
language plpgsql
volatile
as $$
begin
	insert into former_members (conversation_id, user_id, joined_id, joined_seq, left_id, left_seq)
	select m.conversation_id, m.user_id, m.joined_id, m.joined_seq, m.left_id, m.left_seq
	from members m
	where m.conversation_id = in_conversation
		and m.user_id = any (in_members);

	insert into members as m (
		conversation_id, user_id, role, joined_id, joined_seq, delivered_id, read_id, read_ordinal
	)
	select in_conversation,
		j.user_id,
		case j.user_id when in_owner then 'owner' else 'member' end,
		in_id,
		in_seq,
		in_before_id,
		in_before_id,
		in_ordinal
	from unnest(in_members) as j (user_id)
	order by j.user_id
	on conflict (conversation_id, user_id) do update
	set role = excluded.role,
		joined_id = excluded.joined_id,
		joined_seq = excluded.joined_seq,
		left_id = null,
		left_seq = null,
		delivered_id = excluded.delivered_id,
		read_id = excluded.read_id,
		read_ordinal = excluded.read_ordinal;
end
$$;
