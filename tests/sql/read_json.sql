-- Unread messages, and how many of them mention the reader.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_one bigint := send(v_group, v_alice, '@bob');
begin
	perform send(v_group, v_alice, 'hi'), send(v_group, v_alice, 'hi @bob');
	perform same(
		read_json(v_group, v_bob),
		format('{"conversation_id":"%s","read_id":"0","unread_count":3,"mention_count":2}', v_group),
		'nothing read'
	);
	perform conversation_read(v_group, v_bob, v_one);
	perform same(
		read_json(v_group, v_bob),
		format('{"conversation_id":"%s","read_id":"%s","unread_count":2,"mention_count":1}', v_group, v_one),
		'one read'
	);
end
$$;
