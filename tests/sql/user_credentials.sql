-- The hash of a name, in any case; no row for an unknown name. A network is known after a device
-- has signed in from it.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
begin
	perform device_create(v_alice, 'phone', hash(1), 60, 900, 7);
	perform device_create(person('bob'), 'phone', hash(2), 60, 901, 8);
	perform same((select is_known from user_credentials('alice', 7)), true, 'signed in here');
	perform same((select is_known from user_credentials('alice', 8)), false, 'somebody else did');
	perform device_refresh(900, 1, hash(1), hash(3), 60, 9);
	perform same((select is_known from user_credentials('alice', 9)), true, 'refreshed here');
	perform device_end(900);
	perform same((select is_known from user_credentials('alice', 9)), true, 'signed out');
	perform same((select is_known from user_credentials('alice', null)), false, 'nowhere');
	perform person('kate');
	perform same((select count(*) from user_credentials(U&'\212Aate', 7)), 0::bigint, 'another K');
	perform same((select user_id from user_credentials('ALICE') where password_hash = 'hash'), v_alice, 'known');
	perform same((select count(*) from user_credentials('nobody')), 0::bigint, 'unknown');
end
$$;
