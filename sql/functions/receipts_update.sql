-- Moves a user's marks in several conversations: delivered and read up to these ids. 0 or null
-- moves nothing.
-- A conversation that the user is not in is skipped and listed in the reply.
-- Returns: {"updated":n,"skipped":["id"…]}, where n counts the user's conversations among them, and
--   the payloads to publish.
-- Writes: members, in the order of conversations.
-- SPDX-License-Identifier: MIT
create function receipts_update(in_user bigint, in_conversations bigint[], in_delivered bigint[], in_read bigint[])
returns table (channel text, payload text)
language plpgsql
volatile
as $$
declare
	v_mine bigint[];
	v_channels text[];
	v_payloads text[];
begin
	select array_agg(m.conversation_id) into v_mine
	from members m
	join conversations c on c.id = m.conversation_id
	where m.user_id = in_user
		and m.conversation_id = any (in_conversations)
		and c.deleted_id is null;

	with wanted as materialized (
		select w.conversation_id, max(w.delivered_id) as delivered_id, max(w.read_id) as read_id
		from unnest(in_conversations, in_delivered, in_read) as w (conversation_id, delivered_id, read_id)
		where w.conversation_id = any (v_mine)
		group by 1
		order by 1
	)
	select array_agg(r.channel), array_agg(r.payload) into v_channels, v_payloads
	from wanted w
	cross join lateral receipt_move(w.conversation_id, in_user, w.delivered_id, w.read_id) r;

	return query
	select null, concat(
		'{"updated":', coalesce(cardinality(v_mine), 0),
		',"skipped":[', string_agg(distinct '"' || s.conversation_id || '"', ','), ']}'
	)
	from unnest(in_conversations) as s (conversation_id)
	where s.conversation_id <> all (coalesce(v_mine, '{}'));
	return query
	select r.channel, r.payload
	from unnest(v_channels, v_payloads) as r (channel, payload);
end
$$;
