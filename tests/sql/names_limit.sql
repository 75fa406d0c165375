-- Up to names_limit() members receipts have names, above that counts.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_owner bigint := person('owner');
	v_group bigint;
	v_message bigint;
begin
	perform same(names_limit(), 100, 'limit');
	insert into users (id, name, display_name) select n, 'crowd' || n, 'crowd' from generate_series(1, 100) n;
	v_group := group_of(v_owner, (select array_agg(n) from generate_series(1, 99) n));
	v_message := send(v_group, v_owner);
	perform same(
		(notifications(format('receipts_update(7, array[%s], array[%s], null)', v_group, v_message)))[2],
		format('c:%s r 7 %s 0', v_group, v_message),
		'100 members'
	);
	perform member_add(v_group, v_owner, array[100]);
	perform same(
		(notifications(format('receipts_update(8, array[%s], array[%s], null)', v_group, v_message)))[2],
		format('c:%s R', v_group),
		'101 members'
	);
end
$$;
