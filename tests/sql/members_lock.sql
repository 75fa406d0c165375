-- Locks the rows of the given members, or of all.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_group bigint := group_of(v_alice, array[v_bob, person('carol')]);
	v_other bigint := group_of(v_alice);
begin
	-- a row that this transaction has locked has its mark in xmax
	perform members_lock(v_group, array[v_bob, 1]);
	perform same((select array_agg(m.user_id) from members m where m.xmax <> 0), array[v_bob], 'one');
	perform members_lock(v_group, null);
	perform same((select count(*) from members m where m.xmax <> 0 and m.conversation_id = v_group), 3::bigint, 'all');
	perform same((select count(*) from members m where m.xmax <> 0 and m.conversation_id = v_other), 0::bigint, 'of this conversation');
end
$$;
