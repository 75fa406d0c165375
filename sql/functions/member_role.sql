-- Gives a member of a group another role. Making somebody else the owner hands the group over: the owner of before is an admin then.
-- Returns: the member as JSON, and what is to be published: one event member.updated for each member that has changed.
-- Raises: not_a_member, direct_conversation, forbidden (only the owner may), invalid_body (no such role; the owner cannot step down but by handing over),
-- member_not_found.
-- Writes: conversations, changes, members.
-- SPDX-License-Identifier: MIT
create function member_role(in_conversation bigint, in_user bigint, in_member bigint, in_role text)
returns table (channel text, payload text)
language plpgsql
volatile
as $$
declare
	v_me record;
	v_role text;
	v_body text;
	v_rings text[] := '{}';
begin
	perform conversation_lock(in_conversation);
	v_me := member_require(in_conversation, in_user);
	if v_me.kind = 'direct' then
		perform fail('direct_conversation', 'a direct conversation has no roles');
	end if;
	if v_me.role <> 'owner' then
		perform fail('forbidden', 'only the owner changes roles');
	end if;
	if in_role is null or in_role not in ('owner', 'admin', 'member') then
		perform fail('invalid_body', 'a role is owner, admin or member', 'role');
	end if;
	select m.role into v_role
	from members m
	where m.conversation_id = in_conversation
		and m.user_id = in_member
		and m.left_id is null;
	if not found then
		perform fail('member_not_found', 'there is no such member in this conversation');
	end if;
	if v_role = 'owner' and in_role <> 'owner' then
		perform fail('invalid_body', 'a group has an owner: make somebody else the owner', 'role');
	end if;

	if v_role <> in_role then
		v_rings := v_rings || member_set_role(in_conversation, in_user, in_member, in_role);
	end if;
	if v_role <> 'owner' and in_role = 'owner' then
		v_rings := v_rings || member_set_role(in_conversation, in_user, in_user, 'admin');
	end if;

	select member_json(m, u) into v_body
	from members m
	join users u on u.id = m.user_id
	where m.conversation_id = in_conversation
		and m.user_id = in_member;
	return query values (null, v_body);
	return query select 'c:' || in_conversation, r.payload from unnest(v_rings) as r (payload);
end
$$;
