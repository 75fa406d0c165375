-- What streams listen to: the conversations that their users are in, where each of them stands, and whether its last event was delivered.
-- The arrays are of one length: element i of each is stream i. in_bases: the base of the cursor that the client goes on from, or null.
-- Returns at least one row for each stream, in their order:
--   status           ok | user_not_found | device_revoked; only when ok there is more than one row
--   reset            why nothing can go on from that base (sync_reset), or null
--   conversation_id  null when there is none
--   ended            the user has left it, or it was deleted; given only when its last event for them is at or above the base, or, without one, above
--                    their delivered mark
--   last_seq, member_count   of the conversation
--   last_id          the last event there; when it has ended, the last one for them
--   delivered        is that one at or below their delivered mark?
-- All is of one snapshot. Never raises for a caller's mistake.
-- One statement for all streams, since to begin one costs PostgreSQL more than to read the rows.
-- SPDX-License-Identifier: MIT
create function streams_open(in_users bigint[], in_devices bigint[], in_bases bigint[])
returns table (
	number bigint,
	status text,
	reset text,
	conversation_id bigint,
	ended boolean,
	last_seq bigint,
	last_id bigint,
	member_count integer,
	delivered boolean
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
	select a.number, a.status, a.reset, t.conversation_id, t.ended, t.last_seq, t.last_id, t.member_count, t.last_id <= t.delivered_id
	from asked a
	left join lateral (
		select c.id as conversation_id,
			m.left_id is not null or c.deleted_id is not null as ended,
			c.last_seq,
			least(m.left_id, c.last_id) as last_id,
			c.member_count,
			m.delivered_id
		from members m
		join conversations c on c.id = m.conversation_id
		where m.user_id = a.user_id
	) t on a.status = 'ok' and (not t.ended or t.last_id >= coalesce(a.base, t.delivered_id + 1))
	union all
	select a.number, a.status, a.reset, f.conversation_id, true, f.left_seq, f.left_id, null, true
	from asked a
	join former_members f on f.user_id = a.user_id
		and f.left_id >= a.base
	where a.status = 'ok'
	order by 1;
end
$$;
