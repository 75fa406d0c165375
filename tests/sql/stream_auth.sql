-- A ticket works once, before it expires, while its device is signed in.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_phone bigint := device_create(v_alice, 'phone', hash(9), 60);
begin
	perform ticket_create(hash(1), v_alice, v_phone, 30), ticket_create(hash(3), v_alice, v_phone, 30), ticket_create(hash(2), v_alice, v_phone, -1);
	perform same((select row(a.user_id, a.device_id)::text from stream_auth(hash(1)) a), row(v_alice, v_phone)::text, 'good');
	perform same((select count(*) from stream_auth(hash(1))), 0::bigint, 'used');
	perform same((select count(*) from stream_auth(hash(2))), 0::bigint, 'too old');
	perform same((select count(*) from stream_auth(hash(4))), 0::bigint, 'unknown');
	update devices set revoked_at = now() where id = v_phone;
	perform same((select count(*) from stream_auth(hash(3))), 0::bigint, 'of a device that was signed out');
end
$$;
