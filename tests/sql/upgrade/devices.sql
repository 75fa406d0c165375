-- Signed-in devices keep their tokens, and old tokens still reveal theft.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform same(
		(select array_agg(id order by id) from devices where user_id = 201 and refresh_hash is not null),
		'{221,222}'::bigint[],
		'devices with a live token'
	);
	perform same((select refresh_hash from devices where id = 222), sha256('devices 222 c'), 'the newest token');
	perform same(
		(select refresh_expires_at from devices where id = 222),
		(select expires_at from refresh_tokens where hash = sha256('devices 222 c')),
		'its end'
	);

	-- By a program of version 2: it asks whose the token is, and replaces it.
	perform same((select row(t.*)::text from device_of_token(sha256('devices 221 a')) t), '(221,1)', 'whose');
	perform same((select status from device_refresh(221, 1, sha256('devices 221 a'), sha256('new 1'), 60, null)), 'ok', 'refreshed');
	perform same((select status from device_refresh(221, 2, sha256('new 1'), sha256('new 2'), 60, null)), 'ok', 'and once more');
	-- Then by one of version 1, which knows hashes only.
	perform same((select status from device_refresh(sha256('new 2'), sha256('bare 3'), 60)), 'ok', 'by version 1');
	perform same((select row(t.*)::text from device_of_token(sha256('bare 3')) t), '(221,4)', 'its token');
	perform same((select row(t.*)::text from device_of_token(sha256('devices 221 a')) t), '(221,0)', 'the first one is old');
	perform same((select status from device_refresh(sha256('devices 221 a'), sha256('thief'), 60)), 'refresh_token_reused', 'stolen');
	perform same((select revoked_at is not null from devices where id = 221), true, 'signed out');

	perform same((select status from device_refresh(sha256('devices 222 b'), sha256('thief'), 60)), 'refresh_token_reused', 'replaced before the load');
	perform same((select count(*) from device_of_token(sha256('devices 223 a')) t
		where (select status from device_refresh(t.device_id, t.generation, sha256('devices 223 a'), sha256('late'), 60, null)) <> 'invalid_refresh_token'),
		0::bigint, 'expired');
	perform refused($q$insert into refresh_tokens (hash, device_id, expires_at) values (sha256('x'), 222, now())$q$, '40001');
	perform refused($q$update refresh_tokens set used_at = now() where device_id = 223$q$, '40001');
end
$$;
