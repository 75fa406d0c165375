-- Members may announce typing, and the result has the number of members to notify.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_group bigint := group_of(v_alice, array[person('bob')]);
begin
	perform same((select row(t.status, t.member_count)::text from typing_check(v_group, v_alice) t), '(ok,2)', 'a member');
	perform same((select row(t.status, t.member_count)::text from typing_check(v_group, 1) t), '(not_a_member,)', 'a stranger');
	perform conversation_delete(v_group, v_alice);
	perform same((select row(t.status, t.member_count)::text from typing_check(v_group, v_alice) t), '(not_a_member,)', 'deleted');
end
$$;
