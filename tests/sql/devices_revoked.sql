-- Those since a moment, not those before.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_phone bigint := device_create(v_alice, 'phone', hash(1), 60);
	v_old bigint := device_create(v_alice, 'old', hash(2), 60);
begin
	perform device_create(v_alice, 'kept', hash(3), 60);
	perform device_end(v_phone), device_end(v_old);
	update devices set revoked_at = now() - interval '1 hour' where id = v_old;
	perform same((select array_agg(device_id) from devices_revoked(now() - interval '10 seconds')), array[v_phone], 'recent');
	perform same((select array_agg(device_id) from devices_revoked(now() - interval '2 hours')), array[v_old, v_phone], 'all');
end
$$;
