-- The hash of a name, in any case; nothing for a stranger.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
begin
	perform same((select user_id from user_credentials('ALICE') where password_hash = 'hash'), v_alice, 'known');
	perform same((select count(*) from user_credentials('nobody')), 0::bigint, 'unknown');
end
$$;
