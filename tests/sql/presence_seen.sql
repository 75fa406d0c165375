-- last_seen only goes forward.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
begin
	perform presence_seen(array[v_bob, v_alice, v_alice, 1], array['2026-01-01', '2026-01-02', '2026-01-01', '2026-01-01']::timestamptz[]);
	perform same((select last_seen from users where id = v_alice), '2026-01-02'::timestamptz, 'the latest');
	perform presence_seen(array[v_alice], array['2025-01-01']::timestamptz[]);
	perform same((select last_seen from users where id = v_alice), '2026-01-02'::timestamptz, 'not back');
	perform presence_seen(array[v_alice], array[now() + interval '2 minutes']);
	perform same((select last_seen <= clock_timestamp() from users where id = v_alice), true, 'not beyond the clock');
	perform same((select last_seen from users where id = v_bob), '2026-01-01'::timestamptz, 'another');
end
$$;
