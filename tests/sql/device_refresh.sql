-- Tokens rotate. The token before the current one returns its successor again. An older one signs
-- its device out. Unknown and expired ones change nothing.
-- SPDX-License-Identifier: MIT
create function test.refresh(in_device bigint, in_generation integer, in_old integer, in_new integer)
returns text
language sql
as $$
	select r.status from banter.device_refresh(in_device, in_generation, test.hash(in_old), test.hash(in_new), 60, 7) r
$$;

do $$
declare
	v_alice bigint := person('alice');
	v_phone bigint := device_create(v_alice, 'phone', hash(1), 60, 900, null);
	v_laptop bigint := device_create(v_alice, 'laptop', hash(11), 60, 901, null);
	v_got record;
begin
	select r.status, r.user_id, r.device_id, r.channel, r.payload into v_got from device_refresh(v_phone, 1, hash(1), hash(2), 60, 7) r;
	perform same(row(v_got)::text, row(row('ok', v_alice, v_phone, null, null))::text, 'rotated');
	perform same((select row(refresh_hash, refresh_previous, refresh_generation, network)::text from devices where id = v_phone),
		row(hash(2), hash(1), 2, 7)::text, 'what is kept');

	-- The answer was lost.
	perform same(refresh(v_phone, 1, 1, 2), 'ok', 'once more');
	perform same(refresh(v_phone, 1, 1, 2), 'ok', 'and once more');
	perform same((select refresh_generation from devices where id = v_phone), 2, 'it is the same successor');
	perform same(refresh(v_phone, 1, 1, 22), 'ok', 'by another key');
	perform same((select refresh_hash from devices where id = v_phone), hash(22), 'another successor takes its place');
	perform same(refresh(v_phone, 1, 1, 2), 'ok', 'and back');
	perform same(refresh(v_phone, 2, 22, 3), 'invalid_refresh_token', 'a successor that was replaced unused is no theft');
	perform same(refresh(v_phone, 2, 2, 3), 'ok', 'the successor');

	-- Not of this device, and vouched for by nobody.
	perform same(refresh(v_phone, null, 9, 10), 'invalid_refresh_token', 'unknown');
	perform same(refresh(v_laptop, 1, 3, 4), 'invalid_refresh_token', 'of another device');
	perform same(refresh(v_phone, null, 1, 2), 'invalid_refresh_token', 'old, but unsigned');
	perform same((select count(*) from devices where revoked_at is not null), 0::bigint, 'nobody is signed out by these');

	-- The successor was used, so the one before it is over.
	select r.status, r.user_id, r.device_id, r.channel, r.payload into v_got from device_refresh(v_phone, 1, hash(1), hash(2), 60, 7) r;
	perform same(
		row(v_got)::text,
		row(row('refresh_token_reused', v_alice, v_phone, 'u:' || v_alice, 'x ' || v_phone))::text,
		'reused'
	);
	perform same(refresh(v_phone, 3, 3, 5), 'invalid_refresh_token', 'the newest is dead too');
	perform same((select array_agg(id) from devices where revoked_at is not null), array[v_phone], 'only that device');

	-- The 30 seconds are over.
	perform same(refresh(v_laptop, 1, 11, 12), 'ok', 'rotated');
	update devices set last_used_at = now() - interval '29 seconds' where id = v_laptop;
	perform same(refresh(v_laptop, 1, 11, 12), 'ok', 'in time');
	update devices set last_used_at = now() - interval '30 seconds' where id = v_laptop;
	perform same(refresh(v_laptop, 1, 11, 12), 'refresh_token_reused', 'too late');

	perform device_create(v_alice, 'tablet', hash(21), 60, 902, null);
	update devices set refresh_expires_at = now() where id = 902;
	perform same(refresh(902, 1, 21, 22), 'invalid_refresh_token', 'expired');
	update devices set refresh_expires_at = now() + interval '1 minute', revoked_at = now() where id = 902;
	perform same(refresh(902, 1, 21, 22), 'invalid_refresh_token', 'of a device that was signed out');
end
$$;
