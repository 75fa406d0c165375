-- A send that version 1 has stored is repeated, a message has its mentions, and data may have 16
-- KiB of JSON.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform same((select status from message_send(710, 701, 'one', '@keys-bob', null, null)), 'repeated', 'one');
	perform same((select status from message_send(710, 701, 'two', 'other', null, null)), 'client_id_reused', 'two');
	perform same((select status from message_send(710, 702, 'one', 'mine', null, null)), 'created', 'of another sender');
	perform same((select mentions from messages where conversation_id = 710 and id = 720), array[702]::bigint[], 'mentions');
	perform same((select mentions from messages where conversation_id = 710 and id = 730), null, 'no mentions');
	perform same(
		(select status from message_send(710, 701, 'data', '', (select jsonb_build_object('a', jsonb_agg(1)) from generate_series(1, 8187)), null)),
		'created',
		'data'
	);
end
$$;
