-- Returns the subscriptions of streams: the conversations of their users, the last event of each,
-- and whether that event was delivered.
-- The arrays have one length: element i of each is stream i.
-- in_bases: the base of the client's cursor, or null.
-- Returns one row for each stream, in their order:
--   status         ok | user_not_found | device_revoked. The arrays are null when it is not ok, or
--                  when there is no conversation.
--   reset          the reason why the base cannot be resumed (sync_reset), or null
--   conversations  their ids; element i of the arrays below belongs to conversation i
--   ended          whether the user has left it, or it was deleted. Such a conversation is returned
--                  only when its last event for the user is at or above the base or, without a
--                  base, above the delivered mark.
--   last_seqs, last_ids   its last event; when it has ended, the last one for the user
--   member_counts  the number of its members; 0 when it has ended
--   delivered      whether the last event is at or below the delivered mark
-- All rows are from one snapshot. The function never raises for a caller's mistake.
-- One statement serves all streams, because beginning a statement costs PostgreSQL more than
-- reading the rows.
-- SPDX-License-Identifier: MIT
create function streams_open(in_users bigint[], in_devices bigint[], in_bases bigint[])
returns table (
	status text,
	reset text,
	conversations bigint[],
	ended boolean[],
	last_seqs bigint[],
	last_ids bigint[],
	member_counts integer[],
	delivered boolean[]
)
language plpgsql
stable
-- As messages_send: planned once, for tables that will not stay small.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
	v_from bigint;
	v_to bigint;
begin
	select r.from_id, r.to_id into v_from, v_to from sync_range() r;
	return query
	with asked as materialized (
		select a.number, a.user_id, a.base,
			case
				when u.id is null then 'user_not_found'
				when d.id is null then 'device_revoked'
				else 'ok'
			end as status,
			sync_reset(a.base, v_from, v_to) as reset
		from unnest(in_users, in_devices, in_bases) with ordinality as a (user_id, device_id, base, number)
		left join users u on u.id = a.user_id
		left join devices d on d.id = a.device_id
			and d.user_id = a.user_id
			and d.revoked_at is null
	)
	select a.status, a.reset, l.conversations, l.ended, l.last_seqs, l.last_ids, l.member_counts, l.delivered
	from asked a
	left join lateral (
		select array_agg(t.conversation_id) as conversations,
			array_agg(t.ended) as ended,
			array_agg(t.last_seq) as last_seqs,
			array_agg(t.last_id) as last_ids,
			array_agg(t.member_count) as member_counts,
			array_agg(t.last_id <= t.delivered_id) as delivered
		from (
			-- a conversation that version 1 deleted while version 2 was loaded still
			-- has members
			select c.id as conversation_id, c.deleted_id is not null as ended, c.last_seq, c.last_id, c.member_count, m.delivered_id
			from members m
			join conversations c on c.id = m.conversation_id
			where m.user_id = a.user_id
			union all
			select f.conversation_id, true, f.left_seq, f.left_id, 0, f.delivered_id
			from former_members f
			where f.user_id = a.user_id
				and f.left_id >= a.base
			union all
			select f.conversation_id, true, f.left_seq, f.left_id, 0, f.delivered_id
			from former_members f
			where a.base is null
				and f.user_id = a.user_id
				and f.delivered_id < f.left_id
		) t
		where not t.ended
			or t.last_id >= coalesce(a.base, t.delivered_id + 1)
	) l on a.status = 'ok'
	order by a.number;
end
$$;
