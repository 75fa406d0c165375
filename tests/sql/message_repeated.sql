-- The same content again, or other content under the same client_id. An edited message counts as
-- the same.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_group bigint := group_of(v_alice);
	v_one bigint := send(v_group, v_alice, 'first');
	v_ask text := 'select status from message_repeated(row(%s, null, null, null, %s, %L, null, null, %L, %L, %L, ''{1}'', null)::messages)';
	v_status text;
	v_row record;
begin
	perform message_send(v_group, v_alice, 'x', 'text', '{"a":null,"b":1}', v_one);
	for v_row in
		select t.text, t.data, t.reply_to, t.status
		from (values
			('text', '{"b":1,"a":null}', v_one, 'repeated'),
			('other', '{"b":1,"a":null}', v_one, 'client_id_reused'),
			('text', '{"b":1}', v_one, 'client_id_reused'),
			('text', null, v_one, 'client_id_reused'),
			('text', '{"b":1,"a":null}', null, 'client_id_reused')
		) as t (text, data, reply_to, status)
	loop
		execute format(v_ask, v_group, v_alice, v_row.reply_to, 'x', v_row.text, v_row.data) into v_status;
		perform same(v_status, v_row.status, v_row::text);
	end loop;
	update messages set text = 'edited', edited_at = now() where client_id = 'x';
	execute format(v_ask, v_group, v_alice, null, 'x', 'text', null) into v_status;
	perform same(v_status, 'repeated', 'after an edit');
end
$$;
