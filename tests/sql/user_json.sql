-- A user as JSON: last_seen only when there was one.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
begin
	update users set display_name = 'A "quoted" name', created_at = '2026-01-02 03:04:05.678+00' where id = v_alice;
	perform same(
		(select user_json(u) from users u where u.id = v_alice),
		format('{"id":"%s","name":"alice","display_name":"A \"quoted\" name","created_at":"2026-01-02T03:04:05.678Z"}', v_alice),
		'never seen'
	);
	update users set last_seen = '2026-01-02 03:04:06+00' where id = v_alice;
	perform same((select user_json(u)::json ->> 'last_seen' from users u where u.id = v_alice), '2026-01-02T03:04:06.000Z', 'seen');
	perform same((select user_json(u, false)::json ->> 'last_seen' from users u where u.id = v_alice), null, 'not shown');
end
$$;
