-- One user, or user_not_found.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
begin
	perform same(user_get(v_alice) ->> 'name', 'alice', 'found');
	perform refused('select user_get(1)', 'user_not_found');
end
$$;
