-- A user revokes their own device once, with a notification, and no device of others.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_phone bigint := device_create(v_alice, 'phone', hash(1), 60);
	v_bob bigint := person('bob');
begin
	perform refused(format('select device_revoke(%s, %s)', v_bob, v_phone), 'device_not_found');
	perform same(
		notifications(format('device_revoke(%s, %s)', v_alice, v_phone)),
		array['{}', format('u:%s x %s', v_alice, v_phone)],
		'revoked'
	);
	perform refused(format('select device_revoke(%s, %s)', v_alice, v_phone), 'device_not_found');
	perform refused(format('select device_revoke(%s, 1)', v_alice), 'device_not_found');
end
$$;
