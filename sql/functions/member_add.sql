-- Adds users to a group, up to 200 at once, with one event member.added. Nothing changes for users
-- who are members already.
-- Returns: {"members":[…]} with the new members, and the payloads to publish.
-- Raises: not_a_member, direct_conversation, forbidden (owner and admins may), too_many_members,
--   user_not_found, too_many_conversations.
-- Writes: conversations, changes, members, former_members.
-- SPDX-License-Identifier: MIT
create function member_add(in_conversation bigint, in_user bigint, in_members bigint[])
returns table (channel text, payload text)
language plpgsql
volatile
as $$
declare
	v_me record;
	v_before_id bigint;
	v_ordinal bigint;
	v_new bigint[];
	v_place record;
	v_body text;
begin
	v_me := group_require(in_conversation, in_user, 'admin');
	if cardinality(in_members) > 200 then
		perform fail('too_many_members', 'up to 200 members can be added at once');
	end if;
	perform user_require(in_members);

	select array_agg(distinct a.user_id) into v_new
	from unnest(in_members) as a (user_id)
	where not exists (
		select
		from members m
		where m.conversation_id = in_conversation
			and m.user_id = a.user_id
	);
	if v_new is null then
		return query values (null, '{"members":[]}');
		return;
	end if;
	if v_me.member_count + cardinality(v_new) > group_limit() then
		perform fail('too_many_members', 'a group has up to ' || group_limit() || ' members');
	end if;

	select c.last_id, c.message_count into v_before_id, v_ordinal
	from conversations c
	where c.id = in_conversation;
	v_place := conversation_advance(in_conversation, cardinality(v_new));
	perform member_join(in_conversation, v_new, null, v_place.id, v_place.seq, v_before_id, v_ordinal);
	-- a device without a cursor begins with the new membership
	update former_members f
	set delivered_id = f.left_id
	where f.conversation_id = in_conversation
		and f.user_id = any (v_new)
		and f.delivered_id < f.left_id;

	select concat('{"members":[', string_agg(member_json(m, u), ',' order by m.user_id), ']}')
	into v_body
	from members m
	join users u on u.id = m.user_id
	where m.conversation_id = in_conversation
		and m.user_id = any (v_new);
	return query values
		(null, v_body),
		(
			'c:' || in_conversation,
			change_append(in_conversation, v_place.id, v_place.seq, 'member.added', in_user, null, v_body)
		);
	return query
	select 'u:' || a.user_id, 'j ' || in_conversation
	from unnest(v_new) as a (user_id);
end
$$;
