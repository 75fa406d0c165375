-- The inbox, the most recently active first, page by page, without left and deleted conversations.
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
	perform conversation_update(v_two, v_alice, 'renamed');
	perform member_remove(v_left, v_bob, v_bob), conversation_delete(v_gone, v_alice);
	v_page := conversation_list(v_bob, null, null, 1);
	perform same(v_page -> 'conversations' -> 0 ->> 'id', v_one::text, 'the most recent');
	perform same(v_page ->> 'has_more', 'true', 'and more');
	v_page := conversation_list(v_bob, (v_page -> 'conversations' -> 0 ->> 'activity_id')::bigint, v_one, 1);
	perform same(v_page -> 'conversations' -> 0 ->> 'id', v_two::text, 'the next');
	perform same(v_page ->> 'has_more', 'false', 'and no more');
	perform same(json_array_length(conversation_list(v_bob, null, null, 50) -> 'conversations'), 2, 'all');
	perform same(conversation_list(person('eve'), null, null, 50)::text, '{"conversations":[],"has_more":false}', 'none');
end
$$;

-- A clock that was ahead gives many conversations one activity_id: all are listed, each once.
do $$
declare
	v_alice bigint := person('alice2');
	v_ahead bigint := id_at(clock_timestamp() + interval '1 hour');
	v_rooms bigint[];
	v_listed bigint[] := '{}';
	v_page json;
	v_last json;
begin
	v_rooms := array(select group_of(v_alice) from generate_series(1, 120));
	update conversations set last_id = v_ahead, last_message_id = v_ahead where id = any (v_rooms[1:60]);
	update members set joined_id = v_ahead where conversation_id = any (v_rooms[61:]);
	loop
		v_page := conversation_list(v_alice, (v_last ->> 'activity_id')::bigint, (v_last ->> 'id')::bigint, 50);
		v_listed := v_listed || array(select (c ->> 'id')::bigint from json_array_elements(v_page -> 'conversations') c);
		exit when v_page ->> 'has_more' = 'false' or cardinality(v_listed) > 120;
		v_last := v_page -> 'conversations' -> -1;
	end loop;
	perform same(cardinality(v_listed), 120, 'listed');
	perform same((select count(distinct r) from unnest(v_listed) r), 120::bigint, 'each once');
	perform same(json_array_length(conversation_list(v_alice, v_ahead, 50) -> 'conversations'), 0, 'a program of version 1 sees nothing below');
	perform same(json_array_length(conversation_list(v_alice, v_ahead + 1, 50) -> 'conversations'), 50, 'but those with it');
end
$$;
