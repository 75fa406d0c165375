-- A conversation as its members see it.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_others bigint[] := (select array_agg(id order by id) from (select id_new() as id from generate_series(1, 7)) n);
	v_group bigint;
	v_direct bigint := direct(v_alice, v_bob);
	v_one bigint;
	v_json json;
begin
	insert into users (id, name, display_name) select n, 'u' || n, 'other' from unnest(v_others) n;
	v_group := group_of(v_alice, v_others, 'joined');
	v_one := send(v_group, v_alice, 'to @u' || v_others[7]);
	v_json := conversation_json(v_group, v_others[7]);
	perform same(
		(select string_agg(k, ' ') from json_object_keys(v_json) k),
		'id kind title history created_by created_at member_count role message_count last_seq last_id activity_id unread_count mention_count read_id delivered_id last_message members',
		'keys'
	);
	perform same(v_json ->> 'role', 'member', 'role');
	perform same(array[v_json ->> 'message_count', v_json ->> 'unread_count', v_json ->> 'mention_count'], array['1', '1', '1'], 'counts');
	perform same(v_json ->> 'activity_id', v_one::text, 'activity');
	perform same(v_json -> 'last_message' ->> 'id', v_one::text, 'last message');
	perform same(v_json -> 'last_message' ->> 'status', null, 'not to others');
	perform same(
		(select string_agg(m ->> 'user_id', ' ') from json_array_elements(v_json -> 'members') m),
		concat_ws(' ', v_alice, v_others[1], v_others[2], v_others[3], v_others[4]),
		'five of the others'
	);
	v_json := conversation_json(v_group, v_alice);
	perform same(v_json -> 'last_message' ->> 'status', 'sent', 'receipts to its sender');
	perform same(v_json ->> 'unread_count', '0', 'what one sends is read');

	perform member_add(v_group, v_alice, array[v_bob]);
	perform same(conversation_json(v_group, v_bob)::json ->> 'last_message', null, 'not from before joining');
	perform same(conversation_json(v_group, v_bob)::json ->> 'unread_count', '0', 'nor to be read');

	v_json := conversation_json(v_direct, v_bob);
	perform same(v_json -> 'peer' ->> 'name', 'alice', 'the other one');
	perform same(v_json ->> 'title', null, 'no title');
	perform same(conversation_json(v_direct, v_others[1]), null, 'a stranger');
end
$$;
