-- Returns the direct conversation of two users. Creates it when there is none. Two calls at the
-- same moment return the same conversation.
-- Returns: the conversation as JSON, and the payloads to publish. created is whether the
--   conversation is new, in every row.
-- Raises: invalid_body (with oneself), user_not_found, too_many_conversations.
-- Writes: directs, conversations, members, changes.
-- SPDX-License-Identifier: MIT
create function conversation_direct(in_user bigint, in_other bigint)
returns table (channel text, payload text, created boolean)
language plpgsql
volatile
as $$
declare
	v_low bigint := least(in_user, in_other);
	v_high bigint := greatest(in_user, in_other);
	v_id bigint;
	v_channels text[];
	v_payloads text[];
begin
	if in_user = in_other then
		perform fail('invalid_body', 'a direct conversation is with somebody else', 'user_id');
	end if;
	perform user_require(array[in_other]);

	created := false;
	select d.conversation_id into v_id
	from directs d
	where d.user_low = v_low
		and d.user_high = v_high;
	if not found then
		v_id := conversation_id_new(shard_direct(v_low, v_high));
		-- waits for a concurrent call of the same pair, whose row is then found
		insert into directs (user_low, user_high, conversation_id)
		values (v_low, v_high, v_id)
		on conflict do nothing;
		created := found;
	end if;

	if created then
		select array_agg(r.channel), array_agg(r.payload) into v_channels, v_payloads
		from conversation_create(v_id, 'direct', null, 'full', in_user, array[v_low, v_high]) r;
	else
		select d.conversation_id into v_id
		from directs d
		where d.user_low = v_low
			and d.user_high = v_high;
	end if;

	return query values (null, conversation_json(v_id, in_user), created);
	return query
	select r.channel, r.payload, created
	from unnest(v_channels, v_payloads) as r (channel, payload);
end
$$;
