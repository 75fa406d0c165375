-- By prefix, in the order of names, page by page.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_page json;
begin
	perform person(n) from unnest(array['zo.anna', 'zo.bert', 'zo_carl', 'zo', 'zp']) n where length(n) > 1;
	v_page := user_find('ZO', null, 2);
	perform same((select string_agg(u ->> 'name', ' ') from json_array_elements(v_page -> 'users') u), 'zo zo.anna', 'first page');
	perform same(v_page ->> 'has_more', 'true', 'and more');
	v_page := user_find('zo', 'zo.anna', 2);
	perform same((select string_agg(u ->> 'name', ' ') from json_array_elements(v_page -> 'users') u), 'zo.bert zo_carl', 'second page');
	perform same(v_page ->> 'has_more', 'false', 'and no more');
	perform same(user_find('nobody%', null, 2)::text, '{"users":[],"has_more":false}', 'a prefix is no pattern');
end
$$;
