-- Stores messages and gives each its place in its conversation. All that may be sent is; what may not stands beside it and leaves no trace.
-- The arrays are of one length: element i of each is message i. Messages of one conversation get their places in the order of the arrays.
-- Returns one row for each, in that order:
--   status   created | repeated (this client_id was sent before) | not_a_member | client_id_reused (with other content) | unknown_reply
--            | text_too_long (65536 octets) | invalid_body (client_id of 1 to 64 octets; a text, or data; data an object of up to 16 KiB)
--   message  the message as JSON, when created or repeated
--   event    what is to be published on the conversation's channel after COMMIT, when created
-- A caller's mistake is a status, never an exception, which would take its neighbours along.
-- Writes: conversations (last_seq, last_id, last_message_id, message_count), messages, mentions, members (the senders' own marks).
-- Locks the conversations, then the senders' rows, in the order of (conversation, sender): what is judged after that stays true until COMMIT.
-- One statement for all is why a batch is cheap: to begin one costs PostgreSQL more than to write a row.
-- SPDX-License-Identifier: MIT
create function messages_send(
	in_conversations bigint[],
	in_senders bigint[],
	in_client_ids text[],
	in_texts text[],
	in_data jsonb[],
	in_replies bigint[]
)
returns table (status text, message text, event text)
language plpgsql
volatile
-- To plan it costs much more than to do it. And a plan that was made while the tables were small must not read them whole when they are not.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
	v_clock bigint;
	v_sent record;
begin
	perform
	from conversations c
	where c.id = any (in_conversations)
	order by c.id
	for no key update;

	-- Somewhere within the microsecond (4096 ids, of which 256 are left for the places in this call), so that ids which two calls make at once are
	-- most likely different.
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
					when m.user_id is null or c.deleted_id is not null then 'not_a_member'
					when i.reply_to is not null and (
						select r.id
						from messages r
						where r.conversation_id = i.conversation_id
							and r.id = i.reply_to
							and r.id >= case c.history when 'joined' then m.joined_id else 0 end
					) is null then 'unknown_reply'
					when (
						select d.id
						from messages d
						where d.conversation_id = i.conversation_id
							and d.sender_id = i.sender_id
							and d.client_id = i.client_id
					) is not null then 'repeated'
					else 'created'
				end as verdict
			from unnest(in_conversations, in_senders, in_client_ids, in_texts, in_data, in_replies)
				with ordinality as i (conversation_id, sender_id, client_id, text, data, reply_to, number)
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
			select p.number, p.status, p.conversation_id, p.sender_id, p.client_id, p.text, p.data, p.reply_to,
				case p.status when 'created' then greatest(p.last_id + p.place, v_clock + p.number) end as id,
				p.last_seq + p.place as seq,
				p.message_count + p.place as ordinal
			from placed p
		), stored as (
			insert into messages (conversation_id, id, seq, ordinal, sender_id, reply_to, client_id, text, data)
			select g.conversation_id, g.id, g.seq, g.ordinal, g.sender_id, g.reply_to, g.client_id, g.text, g.data
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
		select g.*,
			case g.status when 'created' then message_json(
				row(g.conversation_id, g.id, g.seq, g.ordinal, g.sender_id, g.reply_to, null, null, g.client_id, g.text, g.data)::messages
			) end as json
		from given g
		order by g.number
	loop
		status := v_sent.status;
		message := null;
		event := null;
		if status = 'created' then
			message := v_sent.json;
			event := event_ring(v_sent.id, v_sent.seq, '0', event_json('message.created', v_sent.conversation_id, v_sent.id, v_sent.seq, message));
			if strpos(v_sent.text, '@') > 0 then
				perform mentions_add(v_sent.conversation_id, v_sent.sender_id, v_sent.id, v_sent.text);
			end if;
		elsif status = 'repeated' then
			select r.status, r.message
			into status, message
			from message_repeated(v_sent.conversation_id, v_sent.sender_id, v_sent.client_id, v_sent.text, v_sent.data, v_sent.reply_to) r;
		end if;
		return next;
	end loop;
end
$$;
