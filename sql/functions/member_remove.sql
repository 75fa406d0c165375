-- Removes a member from a group, or lets the caller leave it. The event member.removed is the last
-- one that this member receives.
-- When the owner leaves, another member becomes owner first, with an event member.updated. This is
-- the admin who joined first or, without admins, the member who joined first.
-- Returns: {}, and the channels and payloads to publish.
-- Raises: not_a_member, direct_conversation, member_not_found, forbidden (the owner may remove
--   everybody, an admin members only).
-- Writes: conversations, changes, members, former_members.
-- SPDX-License-Identifier: MIT
create function member_remove(in_conversation bigint, in_user bigint, in_member bigint)
returns table (channel text, payload text)
language plpgsql
volatile
as $$
declare
	v_me record;
	v_role text;
	v_heir bigint;
	v_place record;
begin
	v_me := group_require(in_conversation, in_user, 'member');
	select m.role into v_role
	from members m
	where m.conversation_id = in_conversation
		and m.user_id = in_member;
	if not found then
		perform fail('member_not_found', 'there is no such member in this conversation');
	end if;
	if in_member <> in_user and (v_me.role = 'member' or v_me.role = 'admin' and v_role <> 'member') then
		perform fail('forbidden', 'only the owner removes everybody, admins remove members');
	end if;

	return query values (null, '{}');

	if v_role = 'owner' then
		select m.user_id into v_heir
		from members m
		where m.conversation_id = in_conversation
			and m.user_id <> in_member
		order by m.role, m.joined_id, m.user_id  -- admin is before member
		limit 1;
	end if;
	if v_heir is not null then
		perform members_lock(in_conversation, array[in_member, v_heir]);
		return query select 'c:' || in_conversation, member_set_role(in_conversation, in_user, v_heir, 'owner');
	end if;

	v_place := conversation_advance(in_conversation, -1);
	perform members_end(in_conversation, in_member, v_place.id, v_place.seq);
	return query select 'c:' || in_conversation, change_append(
		in_conversation, v_place.id, v_place.seq, 'member.removed', in_user, in_member,
		concat('{"user_id":"', in_member, '","removed_by":"', in_user, '"}')
	);
end
$$;
