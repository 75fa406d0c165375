-- Devices that were revoked since the last position, independent of other clocks; and by the
-- statement of version 1.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_phone bigint := device_create(v_alice, 'phone', hash(1), 60);
	v_old bigint := device_create(v_alice, 'old', hash(2), 60);
	v_now bigint := extract(epoch from now()) * 1000000;
begin
	perform device_create(v_alice, 'kept', hash(3), 60);
	perform device_end(v_phone), device_end(v_old);
	update devices set revoked_at = now() - interval '1 hour' where id = v_old;
	perform same((select array_agg(device_id) from devices_revoked(now() - interval '10 seconds')), array[v_phone], 'recent');
	perform same((select array_agg(device_id) from devices_revoked(now() - interval '2 hours')), array[v_old, v_phone], 'all');

	perform same((select new_position from devices_revoked(null, 0) where device_id is null), v_now, 'the position is the time of the database');
	perform same((select array_agg(device_id) from devices_revoked(null, 60) where device_id is not null), array[v_phone], 'at first: a token''s life');
	perform same((select array_agg(device_id order by device_id) from devices_revoked(null, 3600) where device_id is not null), array[v_phone, v_old], 'a long one');
	perform same((select array_agg(device_id) from devices_revoked(v_now, 3600) where device_id is not null), array[v_phone], 'since a position');
	perform same((select array_agg(device_id order by device_id) from devices_revoked(v_now - 3600 * 1000000::bigint, 0) where device_id is not null), array[v_phone, v_old], 'since an old one');

	-- the clock was set forward after the last answer, and was set back
	update devices set revoked_at = now() - interval '5 minutes' where id = v_phone;
	perform same((select array_agg(device_id) from devices_revoked(v_now - 301 * 1000000::bigint, 0) where device_id is not null), array[v_phone], 'forward');
	update devices set revoked_at = now() - interval '5 seconds' where id = v_phone;
	perform same((select array_agg(device_id) from devices_revoked(v_now + 7200 * 1000000::bigint, 0) where device_id is not null), array[v_phone], 'back');
end
$$;
