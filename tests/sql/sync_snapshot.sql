-- The user and the inbox.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_group bigint := group_of(v_alice);
	v_json json;
begin
	perform group_of(v_alice);
	v_json := sync_snapshot(v_alice, 1);
	perform same((select string_agg(k, ' ') from json_object_keys(v_json) k), 'user conversations has_more', 'keys');
	perform same(v_json -> 'user' ->> 'name', 'alice', 'user');
	perform same(json_array_length(v_json -> 'conversations'), 1, 'a page');
	perform same(v_json ->> 'has_more', 'true', 'of more');
	perform refused('select sync_snapshot(1, 1)', 'user_not_found');
end
$$;
