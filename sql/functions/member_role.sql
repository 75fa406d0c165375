-- Sets the role of a member of a group. A new owner replaces the former one, who becomes an admin.
-- Returns: the member as JSON, and the payloads to publish: one event member.updated for each
--   member whose role has changed.
-- Raises: not_a_member, direct_conversation, forbidden (only the owner may), invalid_body (no such
--   role; an owner can only stop being it by naming another), member_not_found.
-- Writes: conversations, changes, members.
-- SPDX-License-Identifier: MIT
create function member_role(in_conversation bigint, in_user bigint, in_member bigint, in_role text)
returns table (channel text, payload text)
language plpgsql
volatile
as $$
declare
	v_role text;
	v_body text;
	v_notifications text[] := '{}';
begin
	perform group_require(in_conversation, in_user, 'owner');
	if in_role is null or in_role not in ('owner', 'admin', 'member') then
		perform fail('invalid_body', 'a role is owner, admin or member', 'role');
	end if;
	select m.role into v_role
	from members m
	where m.conversation_id = in_conversation
		and m.user_id = in_member;
	if not found then
		perform fail('member_not_found', 'there is no such member in this conversation');
	end if;
	if v_role = 'owner' and in_role <> 'owner' then
		perform fail('invalid_body', 'a group has an owner: make somebody else the owner', 'role');
	end if;

	perform members_lock(in_conversation, array[in_user, in_member]);
	if v_role <> in_role then
		v_notifications := v_notifications || member_set_role(in_conversation, in_user, in_member, in_role);
	end if;
	if v_role <> 'owner' and in_role = 'owner' then
		v_notifications := v_notifications || member_set_role(in_conversation, in_user, in_user, 'admin');
	end if;

	select member_json(m, u) into v_body
	from members m
	join users u on u.id = m.user_id
	where m.conversation_id = in_conversation
		and m.user_id = in_member;
	return query values (null, v_body);
	return query select 'c:' || in_conversation, r.payload from unnest(v_notifications) as r (payload);
end
$$;
