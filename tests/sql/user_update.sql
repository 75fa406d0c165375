-- The display name changes, and nothing else.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
begin
	perform same(user_update(v_alice, 'Alice II') ->> 'display_name', 'Alice II', 'changed');
	perform same(user_get(v_alice) ->> 'name', 'alice', 'the name stays');
	perform refused(format('select user_update(%s, %L)', v_alice, ''), 'invalid_body');
	perform refused(format('select user_update(%s, null)', v_alice), 'invalid_body');
	perform refused(format('select user_update(%s, %L)', v_alice, E'\u202eecilA'), 'invalid_body');
	perform refused(format('select user_update(%s, %L)', v_alice, repeat('x', 129)), 'invalid_body');
	perform refused($q$select user_update(1, 'x')$q$, 'user_not_found');
end
$$;
