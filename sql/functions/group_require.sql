-- Locks a group for a change by a member, and checks that the member may make it.
-- in_minimum_role: member, admin (admins and the owner may), or owner.
-- Returns: the member's role, and the number of members.
-- Raises, in this order: not_a_member, direct_conversation, forbidden.
-- SPDX-License-Identifier: MIT
create function group_require(
	in_conversation bigint,
	in_user bigint,
	in_minimum_role text,
	out role text,
	out member_count integer
)
language plpgsql
volatile
as $$
declare
	v_member record;
begin
	perform conversation_lock(in_conversation);
	v_member := member_require(in_conversation, in_user);
	if v_member.kind = 'direct' then
		perform fail('direct_conversation', 'only a group can be changed like this');
	end if;
	if in_minimum_role = 'owner' and v_member.role <> 'owner' then
		perform fail('forbidden', 'only the owner may do this');
	end if;
	if in_minimum_role = 'admin' and v_member.role = 'member' then
		perform fail('forbidden', 'only the owner and admins may do this');
	end if;
	role := v_member.role;
	member_count := v_member.member_count;
end
$$;
