-- A device is known while it is signed in, to its own user.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_phone bigint := device_create(v_alice, 'phone', hash(1), 60);
begin
	perform same(device_known(v_alice, v_phone), true, 'signed in');
	perform same(device_known(v_bob, v_phone), false, 'of another user');
	perform same(device_known(1, v_phone), false, 'no such user');
	perform same(device_known(v_alice, 1), false, 'no such device');
	perform device_end(v_phone);
	perform same(device_known(v_alice, v_phone), false, 'signed out');
end
$$;
