-- Mentions of many messages by one call, each in its own conversation.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform mentions_add(array[7, 8, 7], array['{1,2}', null, '{0}'], array[1, 3], array[101, 103]);
	perform same(
		(select array_agg(row(m.conversation_id, m.user_id, m.message_id)::text order by m.message_id, m.user_id) from mentions m),
		array['(7,1,101)', '(7,2,101)', '(7,0,103)'],
		'mentions'
	);
end
$$;
