-- The inbox: the most recently active first, by pages; not what is left or deleted.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_one bigint := group_of(v_alice, array[v_bob]);
	v_two bigint := group_of(v_alice, array[v_bob]);
	v_left bigint := group_of(v_alice, array[v_bob]);
	v_gone bigint := group_of(v_alice, array[v_bob]);
	v_page json;
begin
	perform group_of(v_alice);
	perform send(v_one, v_alice);
	perform member_remove(v_left, v_bob, v_bob), conversation_delete(v_gone, v_alice);
	v_page := conversation_list(v_bob, null, 1);
	perform same(v_page -> 'conversations' -> 0 ->> 'id', v_one::text, 'the most recent');
	perform same(v_page ->> 'has_more', 'true', 'and more');
	v_page := conversation_list(v_bob, (v_page -> 'conversations' -> 0 ->> 'activity_id')::bigint, 1);
	perform same(v_page -> 'conversations' -> 0 ->> 'id', v_two::text, 'the next');
	perform same(v_page ->> 'has_more', 'false', 'and no more');
	perform same(json_array_length(conversation_list(v_bob, null, 50) -> 'conversations'), 2, 'all');
	perform same(conversation_list(person('eve'), null, 50)::text, '{"conversations":[],"has_more":false}', 'none');
end
$$;
