-- What streams listen to: the conversations that their users are in, where each of them stands, and whether its last event was delivered.
-- The arrays are of one length: element i of each is stream i. in_bases: the base of the cursor that the client goes on from, or null.
-- Returns one row for each stream, in their order:
--   status         ok | user_not_found | device_revoked; the arrays are null when it is not ok, or when there is no conversation
--   reset          why nothing can go on from that base (sync_reset), or null
--   conversations  their ids; what stands at the same place of the others belongs to them
--   ended          the user has left it, or it was deleted; given only when its last event for them is at or above the base, or, without one, above
--                  their delivered mark
--   last_seqs, member_counts   of the conversation
--   last_ids       the last event there; when it has ended, the last one for them
--   delivered      is that one at or below their delivered mark?
-- All is of one snapshot. Never raises for a caller's mistake.
-- One statement for all streams, since to begin one costs PostgreSQL more than to read the rows.
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
			select c.id as conversation_id,
				m.left_id is not null or c.deleted_id is not null as ended,
				c.last_seq,
				least(m.left_id, c.last_id) as last_id,
				c.member_count,
				m.delivered_id
			from members m
			join conversations c on c.id = m.conversation_id
			where m.user_id = a.user_id
			union all
			select f.conversation_id, true, f.left_seq, f.left_id, 0, f.left_id
			from former_members f
			where f.user_id = a.user_id
				and f.left_id >= a.base
		) t
		where not t.ended
			or t.last_id >= coalesce(a.base, t.delivered_id + 1)
	) l on a.status = 'ok'
	order by a.number;
end
$$;
