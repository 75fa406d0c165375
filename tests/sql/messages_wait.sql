-- Free rows are locked at once, missing rows are not waited for, and the session's own timeout
-- stays as it was.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_group bigint := group_of(v_alice);
begin
	perform set_config('lock_timeout', '1234ms', true);
	perform messages_wait(array[v_group, 1], array[v_alice, v_alice], 50);
	perform messages_wait(array[1, v_group], array[v_alice, 1], 50);
	perform messages_wait(array[null, v_group], array[null, v_alice], 50);
	perform messages_wait('{}', '{}', 50);
	perform same(current_setting('lock_timeout'), '1234ms', 'the session''s own');
end
$$;
