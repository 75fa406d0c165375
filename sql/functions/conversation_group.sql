-- Creates a group of the creator, who is its owner, and others.
-- Returns: the conversation as JSON, and the payloads to publish.
-- Raises: invalid_body (title of 1 to 256 octets; history full or joined), user_not_found,
--   too_many_members, too_many_conversations.
-- Writes: conversations, members, changes.
-- SPDX-License-Identifier: MIT
create function conversation_group(in_user bigint, in_title text, in_members bigint[], in_history text)
returns table (channel text, payload text)
language plpgsql
volatile
as $$
declare
	v_id bigint := conversation_id_new(floor(random() * 1024)::integer);
	v_members bigint[];
	v_channels text[];
	v_payloads text[];
begin
	in_title := title_require(in_title);
	if coalesce(in_history, 'full') not in ('full', 'joined') then
		perform fail('invalid_body', 'history is full or joined', 'history');
	end if;
	select array_agg(distinct a.user_id) into v_members
	from unnest(in_user || in_members) as a (user_id);
	if cardinality(v_members) > group_limit() then
		perform fail('too_many_members', 'a group has up to ' || group_limit() || ' members', 'members');
	end if;
	perform user_require(v_members);

	select array_agg(r.channel), array_agg(r.payload) into v_channels, v_payloads
	from conversation_create(v_id, 'group', in_title, coalesce(in_history, 'full'), in_user, v_members) r;

	return query values (null, conversation_json(v_id, in_user));
	return query
	select r.channel, r.payload
	from unnest(v_channels, v_payloads) as r (channel, payload);
end
$$;
