-- Tokens rotate; a used one signs its device out; unknown and expired ones do nothing.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_phone bigint := device_create(v_alice, 'phone', hash(1), 60);
	v_laptop bigint := device_create(v_alice, 'laptop', hash(11), 60);
	v_got record;
begin
	select r.status, r.user_id, r.device_id, r.channel, r.payload into v_got from device_refresh(hash(1), hash(2), 60) r;
	perform same(row(v_got)::text, row(row('ok', v_alice, v_phone, null, null))::text, 'rotated');
	select r.status, r.user_id, r.device_id, r.channel, r.payload into v_got from device_refresh(hash(2), hash(3), 60) r;
	perform same(v_got.status, 'ok', 'again');
	perform same((select status from device_refresh(hash(9), hash(10), 60)), 'invalid_refresh_token', 'unknown');

	select r.status, r.user_id, r.device_id, r.channel, r.payload into v_got from device_refresh(hash(1), hash(4), 60) r;
	perform same(
		row(v_got)::text,
		row(row('refresh_token_reused', v_alice, v_phone, 'u:' || v_alice, 'x ' || v_phone))::text,
		'reused'
	);
	perform same((select status from device_refresh(hash(3), hash(5), 60)), 'invalid_refresh_token', 'the newest is dead too');
	perform same((select count(*) from devices where revoked_at is not null), 1::bigint, 'only that device');

	update refresh_tokens set expires_at = now() where hash = hash(11);
	perform same((select status from device_refresh(hash(11), hash(12), 60)), 'invalid_refresh_token', 'expired');
	update refresh_tokens set expires_at = now() + interval '1 minute' where hash = hash(11);
	update devices set revoked_at = now() where id = v_laptop;
	perform same((select status from device_refresh(hash(11), hash(12), 60)), 'invalid_refresh_token', 'of a device that was signed out');
end
$$;
