-- The lock is taken, and a missing conversation is no error.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_group bigint := group_of(person('alice'));
begin
	perform conversation_lock(v_group);
	perform conversation_lock(1);
	assert (select xmax from conversations where id = v_group) <> '0', 'the row is locked';
end
$$;
