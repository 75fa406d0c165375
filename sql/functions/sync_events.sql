-- Returns the events that a cursor does not cover: the events of all of a user's conversations with
-- an id at or above in_base. In a listed conversation it omits those up to the id beside it.
-- Without a base it returns the events after the user's delivered marks.
-- A membership begins with conversation.created, which is made for this user in place of the event
-- by which they joined. It ends with the event that removed them or deleted the conversation.
-- Each of several memberships is replayed (former_members).
-- in_reads, in_read_conversations, in_snapshots: places of reading, or null. The cursor covers each
-- event before such a place, in the order of (id, conversation_id), whose transaction the snapshot
-- beside it sees.
-- in_horizon: a horizon that was read in an earlier statement; during a pass, the end of the pass.
-- in_pass_conversation, in_pass_id: the place of the pass, or null without one.
-- in_bytes: the JSON that PostgreSQL builds for a page, at least one event. Texts count without
-- escapes, so the caller counts the octets again.
-- Returns: for each event the parts of event_notification's result (gone is in_removed_user, by the
-- name that version 1 reads), the snapshot of this page, the end of the pass that the page belongs
-- to, or null, and is_cut: in_bytes ended the page, and more events follow. No rows when
-- nothing is missing, or when the pass is complete.
--
-- The order. A page without a pass has the first in_limit events in the order of (id,
-- conversation_id). It reads each of the user's conversations. So a user in many conversations who
-- has missed more than a page gets a pass: the events below in_horizon, in the order of
-- (conversation_id, id). Its pages read only as many conversations as they need. A page of fewer
-- than in_limit events that is not cut ends the pass. The pages after it have the events at or
-- above its end.
--
-- Why a place of reading is exact. A page has, in the order of ids, all events that its snapshot
-- sees and the cursor does not cover. So before the place of a cursor, the client has received all
-- events that the snapshot sees. An event that commits later has a transaction that the snapshot
-- does not see.
--
-- Why a pass is exact. The horizon was read in an earlier statement, so no event below it, and no
-- membership that begins below it, can appear after the first page. So each page of the pass finds
-- the same events, however late it is read, and the place says which of them were delivered.
--
-- Why nothing is lost. Memberships, heads and events are read in one statement, from one snapshot,
-- so they fit together: a join or removal and its event commit as one. An event that commits after
-- this snapshot has an id at or above any horizon read before it (stream_horizon). A cursor with
-- that horizon as its base does not cover the event, so the next page returns it. Pages lose
-- nothing for the same reason: each conversation is read in the order of its ids, so a page has all
-- its events up to an id.
-- SPDX-License-Identifier: MIT
create function sync_events(
	in_user bigint,
	in_base bigint,
	in_conversations bigint[],
	in_ids bigint[],
	in_reads bigint[],
	in_read_conversations bigint[],
	in_snapshots text[],
	in_horizon bigint,
	in_pass_conversation bigint,
	in_pass_id bigint,
	in_limit integer,
	in_bytes integer
)
returns table (conversation_id bigint, id bigint, seq bigint, gone text, event text, snapshot text, pass_end bigint, is_cut boolean)
language plpgsql
stable
-- As messages_send: planned once, for tables that will not stay small. Many clients that reconnect
-- at once run it often.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
	-- the events of a user in at most this many conversations are read in the order of ids
	c_few constant integer := 32;
	v_snapshot text := pg_current_snapshot();
	v_is_pass boolean := in_pass_conversation is not null;
	v_is_wide boolean;
	v_is_read boolean := false;
	v_found integer;
	v_is_cut boolean := false;
	v_page record;
begin
	v_is_wide := in_base is not null and (
		select count(*) > c_few
		from (select from members m where m.user_id = in_user limit c_few + 1) m
	);
	if v_is_wide and not v_is_pass then
		select b.* into v_page
		from sync_by_conversation(in_user, in_base, in_conversations, in_ids, in_reads, in_read_conversations, in_snapshots, null, null, null, in_limit) b;
		v_is_read := coalesce(cardinality(v_page.ids), 0) < in_limit;
	end if;

	if v_is_pass or (v_is_wide and not v_is_read and in_base < in_horizon) then
		select b.* into v_page
		from sync_by_conversation(
			in_user, in_base, in_conversations, in_ids, in_reads, in_read_conversations, in_snapshots,
			in_pass_conversation, in_pass_id, in_horizon, in_limit
		) b;
		-- more than a page, of which nothing is below the horizon, makes no pass
		v_is_pass := v_is_pass or v_page.ids is not null;
		v_is_read := v_is_pass;
	end if;

	if not v_is_read then
		select b.* into v_page
		from sync_by_id(in_user, in_base, in_conversations, in_ids, in_reads, in_read_conversations, in_snapshots, in_limit) b;
	end if;

	if v_page.bytes > in_bytes then
		v_found := cardinality(v_page.ids);
		select f.* into v_page
		from sync_fit(
			v_page.conversations, v_page.joined_seqs, v_page.left_ids, v_page.left_seqs, v_page.ids, v_page.are_messages,
			v_is_pass, in_bytes
		) f;
		v_is_cut := cardinality(v_page.ids) < v_found;
	end if;

	return query
	with page as (
		select *
		from unnest(v_page.conversations, v_page.joined_seqs, v_page.left_ids, v_page.left_seqs, v_page.ids, v_page.are_messages)
			as p (conversation_id, joined_seq, left_id, left_seq, id, is_message)
	)
	select e.conversation_id, e.id, e.seq, e.gone, e.event, v_snapshot, case when v_is_pass then in_horizon end, v_is_cut
	from (
		select p.conversation_id, p.id, m.seq, '0' as gone,
			event_json('message.created', p.conversation_id, p.id, m.seq, message_json(m)) as event
		from page p
		join messages m on m.conversation_id = p.conversation_id and m.id = p.id
		where p.is_message
		union all
		select p.conversation_id,
			p.id,
			h.seq,
			change_removed_user(h.type, h.user_id),
			case h.seq
				when p.joined_seq then event_json('conversation.created', p.conversation_id, p.id, h.seq, case
					when p.left_id is null and c.deleted_id is null then conversation_json(c.id, in_user)
					else conversation_past_json(c, coalesce(p.left_seq, c.last_seq), coalesce(p.left_id, c.last_id))
				end)
				else event_json(h.type, p.conversation_id, p.id, h.seq, h.data::text)
			end
		from page p
		join changes h on h.conversation_id = p.conversation_id and h.id = p.id
		join conversations c on c.id = p.conversation_id
		where not p.is_message
	) e
	order by case when v_is_pass then e.conversation_id end, e.id, e.conversation_id;
end
$$;
