-- Finds the users that messages mention, before the messages are stored. The arrays are those of
-- messages_send.
-- A message with a list of ids mentions only the users in the list. In any other message the
-- function searches the text for names.
-- Only members count, except the sender. User 0 is all members. At most mentions_limit() names of a
-- message are looked up.
-- Returns, with an element for each message:
--   users   the ids as an array in text, null when nobody is mentioned
--   excess  whether the message has more mentions than mentions_limit()
-- SPDX-License-Identifier: MIT
create function mentions_find(
	in_conversations bigint[],
	in_senders bigint[],
	in_texts text[],
	in_mentions text[],
	out users text[],
	out excess boolean[]
)
language plpgsql
stable
as $$
begin
	select array_agg(f.users order by i.number), array_agg(coalesce(f.asked, 0) > mentions_limit() order by i.number)
	into users, excess
	from unnest(in_conversations, in_senders, in_texts, in_mentions)
		with ordinality as i (conversation_id, sender_id, text, mentions, number)
	left join lateral (
		select array_agg(w.user_id order by w.user_id) filter (where w.is_meant)::text as users, count(*) as asked
		from (
			select a.user_id,
				a.user_id = 0 or a.user_id <> i.sender_id and exists (
					select
					from members m
					where m.conversation_id = i.conversation_id
						and m.user_id = a.user_id
						and m.left_id is null
				) as is_meant
			from (
				select distinct e.user_id
				from unnest(i.mentions::bigint[]) as e (user_id)
				union all
				select u.id
				from (
					select s.name
					from message_names(i.text) s
					where i.mentions is null
						and strpos(i.text, '@') > 0
					limit mentions_limit() + 1
				) n
				left join users u on u.name = n.name
			) a
		) w
	) f on true;
end
$$;
