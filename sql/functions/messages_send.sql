-- Stores messages, each at the next place in its conversation. A message that may not be sent
-- leaves no trace and does not affect the others.
-- The arrays have one length: element i of each is message i. Messages of one conversation get
-- their places in the order of the arrays.
-- in_mentions: the users whom each message mentions, as an array of ids in text, 0 for all. For
--   null the function searches the text for names (mentions_find).
-- in_wait_ms: how long to wait for the locks of the first message's conversation, or 0. No other
--   lock is waited for.
-- Returns one row for each message, in that order:
--   status   created
--            repeated: this client_id was sent before, also by a sender who has left since
--            busy: another transaction holds the conversation or the sender's row of members
--            not_a_member, unknown_reply
--            client_id_reused: it was sent with other content
--            message_not_found: it was sent before, and the message was removed
--            too_many_mentions (mentions_limit)
--            forbidden: to mention all, with more members than mention_all_limit
--            text_too_long: more than 65536 octets
--            invalid_body: client_id has 1 to 64 octets; there is a text, or data; data is an
--            object of up to 16 KiB
--   message  the message as JSON, when created or repeated
--   event    the payload to publish on the conversation's channel after COMMIT, when created
-- A caller's mistake is a status, never an exception, which would fail the whole batch.
-- Messages of a sender to one conversation are busy together or not at all, so they keep their
-- order.
-- Writes: conversations (last_seq, last_id, last_message_id, message_count), messages,
--   message_keys, mentions, members (the senders' own marks).
-- Locks: the conversations and the senders' rows, in the order of (conversation, sender). The
--   checks come after the locks and stay true until COMMIT.
-- A batch is one statement, because beginning a statement costs PostgreSQL more than writing a row.
-- SPDX-License-Identifier: MIT
create function messages_send(
	in_conversations bigint[],
	in_senders bigint[],
	in_client_ids text[],
	in_texts text[],
	in_data jsonb[],
	in_replies bigint[],
	in_wait_ms bigint,
	in_mentions text[] default null
)
returns table (status text, message text, event text)
language plpgsql
volatile
-- Planning it costs much more than running it. And a plan that was made for small tables must not
-- read large ones whole.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
	v_conversations bigint[];
	v_senders bigint[];
	v_all boolean;
	v_clock bigint;
	v_sent record;
	v_users text[];     -- whom each message mentions
	v_excess boolean[]; -- whether they are too many
	v_naming bigint[]; -- the messages that mention somebody: their number in the call
	v_ids bigint[];    -- and their ids
begin
	if in_wait_ms > 0 then
		perform messages_wait(in_conversations, in_senders, in_wait_ms);
	end if;

	select array_agg(l.conversation_id), array_agg(l.sender_id), coalesce(sum(l.messages), 0) = cardinality(in_conversations)
	into v_conversations, v_senders, v_all
	from (
		select p.conversation_id, p.sender_id, p.messages
		from (
			select i.conversation_id, i.sender_id, count(*) as messages
			from unnest(in_conversations, in_senders) as i (conversation_id, sender_id)
			group by 1, 2
			order by 1, 2
		) p
		join conversations c on c.id = p.conversation_id
		join members m on m.conversation_id = p.conversation_id
			and m.user_id = p.sender_id
			and m.left_id is null
		order by 1, 2
		for no key update of c, m skip locked
	) l;

	-- most batches mention nobody, and pay for no statement
	if strpos(array_to_string(in_texts, ' '), '@') > 0 and array_to_string(in_texts, ' ') ~ '(^|[^A-Za-z0-9_.@-])@[A-Za-z0-9_]'
		or array_to_string(in_mentions, ' ') <> ''
	then
		select f.users, f.excess
		into v_users, v_excess
		from mentions_find(in_conversations, in_senders, in_texts, in_mentions) f;
	end if;

	-- Somewhere within the microsecond (4096 ids, of which 256 are left for the places in this
	-- call), so that ids which two calls make at once are most likely different.
	v_clock := event_clock() + floor(random() * 3840)::bigint;
	for v_sent in
		with judged as materialized (
			select i.*,
				c.last_id,
				c.last_seq,
				c.message_count,
				case
					when octet_length(i.text) > 65536 then 'text_too_long'
					when i.text is null
						or i.text = '' and i.data is null
						or i.client_id is null
						or octet_length(i.client_id) not between 1 and 64
						or jsonb_typeof(i.data) <> 'object'
						or octet_length(i.data::text) > 16384 and data_size(i.data) > 16384
						then 'invalid_body'
					when (
						select k.message_id
						from message_keys k
						where k.conversation_id = i.conversation_id
							and k.sender_id = i.sender_id
							and k.client_hash = client_hash(i.client_id)
					) is not null then 'repeated'
					when m.user_id is null or c.deleted_id is not null then 'not_a_member'
					when not v_all and not exists (
						select
						from unnest(v_conversations, v_senders) as l (conversation_id, sender_id)
						where l.conversation_id = i.conversation_id
							and l.sender_id = i.sender_id
					) then 'busy'
					when i.reply_to is not null and (
						select r.id
						from messages r
						where r.conversation_id = i.conversation_id
							and r.id = i.reply_to
							and r.id >= case c.history when 'joined' then m.joined_id else 0 end
					) is null then 'unknown_reply'
					when i.excess then 'too_many_mentions'
					when c.member_count > mention_all_limit()
						and 0 = any (i.users::bigint[])
						and m.role not in ('owner', 'admin')
						then 'forbidden'
					else 'created'
				end as verdict
			from unnest(in_conversations, in_senders, in_client_ids, in_texts, in_data, in_replies, v_users, v_excess)
				with ordinality as i (conversation_id, sender_id, client_id, text, data, reply_to, users, excess, number)
			left join conversations c on c.id = i.conversation_id
			left join members m on m.conversation_id = i.conversation_id
				and m.user_id = i.sender_id
				and m.left_id is null
		), single as (
			-- of those that come twice in this call, the first
			select j.*,
				case
					when j.verdict = 'created' and row_number() over (
						partition by j.verdict, j.conversation_id, j.sender_id, j.client_id
						order by j.number
					) > 1 then 'repeated'
					else j.verdict
				end as status
			from judged j
		), placed as (
			select s.*, row_number() over (partition by s.status, s.conversation_id order by s.number) as place
			from single s
		), given as materialized (
			select p.number, p.status, p.conversation_id, p.sender_id, p.client_id, p.text, p.data, p.reply_to, p.users::bigint[] as mentions,
				case p.status when 'created' then greatest(p.last_id + p.place, v_clock + p.number) end as id,
				p.last_seq + p.place as seq,
				p.message_count + p.place as ordinal
			from placed p
		), whole as not materialized (
			select g.*,
				row(
					g.conversation_id, g.id, g.seq, g.ordinal, g.sender_id, g.reply_to, null, null, g.client_id, g.text, g.data, g.mentions,
					case g.status when 'created' then pg_current_xact_id() end
				)::messages as message
			from given g
		), stored as (
			insert into messages
			select (w.message).*
			from whole w
			where w.status = 'created'
		), keyed as (
			insert into message_keys (conversation_id, sender_id, client_hash, message_id)
			select g.conversation_id, g.sender_id, client_hash(g.client_id), g.id
			from given g
			where g.status = 'created'
		), advanced as (
			update conversations c
			set last_seq = n.seq,
				last_id = n.id,
				last_message_id = n.id,
				message_count = n.ordinal
			from (
				select g.conversation_id, max(g.seq) as seq, max(g.id) as id, max(g.ordinal) as ordinal
				from given g
				where g.status = 'created'
				group by 1
			) n
			where c.id = n.conversation_id
		), marked as (
			update members m
			set delivered_id = n.id,
				read_id = n.id,
				read_ordinal = n.ordinal
			from (
				select g.conversation_id, g.sender_id, max(g.id) as id, max(g.ordinal) as ordinal
				from given g
				where g.status = 'created'
				group by 1, 2
				order by 1, 2
			) n
			where m.conversation_id = n.conversation_id
				and m.user_id = n.sender_id
				and m.left_id is null
		)
		select w.number, w.status, w.conversation_id, w.id, w.seq, w.mentions,
			case w.status when 'created' then message_json(w.message) end as json,
			case w.status when 'repeated' then w.message end as message
		from whole w
		order by w.number
	loop
		status := v_sent.status;
		message := null;
		event := null;
		if status = 'created' then
			message := v_sent.json;
			event := event_notification(v_sent.id, v_sent.seq, '0', event_json('message.created', v_sent.conversation_id, v_sent.id, v_sent.seq, message));
			if v_sent.mentions is not null then
				v_naming := v_naming || v_sent.number;
				v_ids := v_ids || v_sent.id;
			end if;
		elsif status = 'repeated' then
			select r.status, r.message
			into status, message
			from message_repeated(v_sent.message) r;
		end if;
		return next;
	end loop;

	if v_naming is not null then
		perform mentions_add(in_conversations, v_users, v_naming, v_ids);
	end if;
end
$$;
