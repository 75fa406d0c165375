-- No function ends a membership in members any more: a running one of version 1 gets an error, and
-- is repeated.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_group bigint := group_of(v_alice);
begin
	perform refused('update members set left_id = 5, left_seq = 5', '40001');
	perform refused('update members set left_id = 5 where false', '40001');
	update members set delivered_id = 1;
	perform same((select count(*) from members m where m.left_id is null), 1::bigint, 'live');
end
$$;
