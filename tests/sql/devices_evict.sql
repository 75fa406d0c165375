-- Forty-nine devices stay.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_first bigint := device_create(v_alice, 'first', hash(0), 60);
begin
	perform device_create(v_alice, null, hash(n), 60) from generate_series(1, 48) n;
	perform same((select count(*) from devices_evict(v_alice)), 0::bigint, 'there is room');
	perform device_create(v_alice, null, hash(49), 60);
	update devices set last_used_at = now() - interval '1 day' where id = v_first;
	perform same((select array_agg(e) from devices_evict(v_alice) e), array[v_first], 'the one that rested longest');
	perform same((select revoked_at is not null from devices where id = v_first), true, 'is signed out');
end
$$;
