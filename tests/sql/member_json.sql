-- A member as JSON.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_group bigint := group_of(v_alice);
begin
	update members set joined_id = id_at('2026-11-24 03:21:06.123+00'), delivered_id = 9, read_id = 8;
	perform same(
		(select member_json(m, u) from members m join users u on u.id = m.user_id),
		format('{"user_id":"%s","name":"alice","display_name":"alice","role":"owner","joined_at":"2026-11-24T03:21:06.123Z","delivered_id":"9","read_id":"8"}', v_alice),
		'member'
	);
end
$$;
