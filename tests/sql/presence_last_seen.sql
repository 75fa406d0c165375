-- The last_seen of users, if they have one.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
begin
	perform presence_seen(array[v_alice], array['2026-01-01']::timestamptz[]);
	perform same(
		(select array_agg(s.last_seen order by s.user_id) from presence_last_seen(array[v_bob, v_alice, 1]) s),
		array['2026-01-01', null]::timestamptz[],
		'last seen'
	);
end
$$;
