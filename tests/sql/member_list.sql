-- Present members, page by page.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_carol bigint := person('carol');
	v_group bigint := group_of(v_alice, array[v_bob, v_carol]);
	v_page json;
begin
	v_page := member_list(v_group, v_bob, null, 2);
	perform same((select string_agg(m ->> 'name', ' ') from json_array_elements(v_page -> 'members') m), 'alice bob', 'first page');
	perform same(v_page ->> 'has_more', 'true', 'and more');
	v_page := member_list(v_group, v_bob, v_bob, 2);
	perform same((select string_agg(m ->> 'name', ' ') from json_array_elements(v_page -> 'members') m), 'carol', 'second page');
	perform same(v_page ->> 'has_more', 'false', 'and no more');
	perform member_remove(v_group, v_alice, v_bob);
	perform same(json_array_length(member_list(v_group, v_alice, null, 5) -> 'members'), 2, 'without bob');
	perform refused(format('select member_list(%s, %s, null, 5)', v_group, v_bob), 'not_a_member');
end
$$;
