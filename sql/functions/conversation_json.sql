-- Returns a conversation as one of its members sees it: role, marks and counts, the last message,
-- up to five other members and, if direct, the other one.
-- The last message carries its sender's receipts in conversations of up to names_limit() members.
-- Returns: null for a user who is not a member.
-- SPDX-License-Identifier: MIT
create function conversation_json(in_conversation bigint, in_user bigint)
returns text
language plpgsql
stable
as $$
begin
	return (
		select concat(
			'{', conversation_fields(c),
			',"role":"', m.role,
			'","message_count":', c.message_count,
			',"last_seq":', c.last_seq,
			',"last_id":"', c.last_id,
			'","activity_id":"', conversation_activity(c.last_message_id, m.joined_id),
			'","unread_count":', c.message_count - m.read_ordinal,
			',"mention_count":', (
				select count(distinct n.message_id)
				from mentions n
				where n.conversation_id = c.id
					and n.user_id in (0, in_user)
					and n.message_id > m.read_id
			),
			',"read_id":"', m.read_id,
			'","delivered_id":"', m.delivered_id, '"',
			',"last_message":' || (
				select message_json(l, (
					select receipts_json(c.id, l.id, r.delivered, r.read, r.of_members)
					from receipts_counts(c.id, array[l.id]) r
					where l.sender_id = in_user
						and c.member_count <= names_limit()
				))
				from messages l
				where l.conversation_id = c.id
					and l.id = c.last_message_id
					and (c.history = 'full' or l.id >= m.joined_id)
			),
			',"members":[', (
				select string_agg(concat(
					'{"user_id":"', o.user_id,
					'","name":"', o.name,
					'","display_name":', to_json(o.display_name),
					',"role":"', o.role, '"}'
				), ',' order by o.user_id)
				from (
					select b.user_id, b.role, u.name, u.display_name
					from members b
					join users u on u.id = b.user_id
					where b.conversation_id = c.id
						and b.user_id <> in_user
					order by b.user_id
					limit 5
				) o
			),
			']', ',"peer":' || (
				select user_json(u)
				from members b
				join users u on u.id = b.user_id
				where c.kind = 'direct'
					and b.conversation_id = c.id
					and b.user_id <> in_user
			),
			'}'
		)
		from members m
		join conversations c on c.id = m.conversation_id
		where m.conversation_id = in_conversation
			and m.user_id = in_user
			and c.deleted_id is null
	);
end
$$;
