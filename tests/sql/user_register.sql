-- A name is used once; bad names and display names are refused.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_user record;
begin
	select r.user_id, r.body into v_user from user_register('alice', 'Alice', 'hash') r;
	perform same(v_user.body ->> 'id', v_user.user_id::text, 'id');
	perform same(v_user.body ->> 'display_name', 'Alice', 'display name');
	perform same((select body ->> 'display_name' from user_register('bob', null, 'hash')), 'bob', 'the name without one');
	perform refused($q$select user_register('alice', 'Other', 'hash')$q$, 'name_taken');
	perform refused($q$select user_register('Alice', null, 'hash')$q$, 'invalid_name');
	perform refused($q$select user_register('a', null, 'hash')$q$, 'invalid_name');
	perform refused($q$select user_register(null, null, 'hash')$q$, 'invalid_name');
	perform refused($q$select user_register(repeat('a', 33), null, 'hash')$q$, 'invalid_name');
	perform refused($q$select user_register(E'ab\n', null, 'hash')$q$, 'invalid_name');
	perform refused($q$select user_register('..', null, 'hash')$q$, 'invalid_name');
	perform refused($q$select user_register('--', null, 'hash')$q$, 'invalid_name');
	perform refused($q$select user_register('__', null, 'hash')$q$, 'invalid_name');
	perform refused($q$select user_register('bob.', null, 'hash')$q$, 'invalid_name');
	perform refused($q$select user_register('-bob', null, 'hash')$q$, 'invalid_name');
	perform same((select body ->> 'name' from user_register('_b.o-b_', null, 'hash')), '_b.o-b_', 'signs inside');
	perform refused($q$select user_register('carol', E'\u200b', 'hash')$q$, 'invalid_body');
	perform refused($q$select user_register('carol', '', 'hash')$q$, 'invalid_body');
	perform refused($q$select user_register('carol', repeat('é', 65), 'hash')$q$, 'invalid_body');
end
$$;
