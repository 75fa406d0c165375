-- Users by prefix, in the order of names, page by page.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_page json;
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
begin
	perform person(n) from unnest(array['zo.anna', 'zo.bert', 'zo_carl', 'zo', 'zp']) n where length(n) > 1;
	v_page := user_find(1, 'ZO', null, 2);
	perform same((select string_agg(u ->> 'name', ' ') from json_array_elements(v_page -> 'users') u), 'zo zo.anna', 'first page');
	perform same(v_page ->> 'has_more', 'true', 'and more');
	v_page := user_find(1, 'zo', 'zo.anna', 2);
	perform same((select string_agg(u ->> 'name', ' ') from json_array_elements(v_page -> 'users') u), 'zo.bert zo_carl', 'second page');
	perform same(v_page ->> 'has_more', 'false', 'and no more');
	perform same(user_find(1, 'nobody%', null, 2)::text, '{"users":[],"has_more":false}', 'a prefix is no pattern');
	perform same(user_find('ZO', null, 2)::text, user_find(1, 'ZO', null, 2)::text, 'without who asks');

	perform group_of(v_alice, array[v_bob]), presence_seen(array[v_bob], array['2026-01-01']::timestamptz[]);
	perform same(user_find(v_alice, 'bob', null, 2) #>> '{users,0,last_seen}', '2026-01-01T00:00:00.000Z', 'in a conversation');
	perform same(user_find(1, 'bob', null, 2) #>> '{users,0,last_seen}', null, 'not for a stranger');
end
$$;
