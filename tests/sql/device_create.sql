-- A device with its token. Of more than fifty devices the least recently used one is signed out.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_first bigint := device_create(v_alice, 'first', hash(0), 60, 900, 7);
	v_second bigint := device_create(v_alice, '', hash(1), 60, 901, null);
begin
	perform same((select name from devices where id = v_first), 'first', 'name');
	perform same((select name from devices where id = v_second), null, 'no name');
	perform same(v_first, 900::bigint, 'the id is the caller''s');
	perform same((select row(refresh_hash, refresh_generation, network)::text from devices where id = 900), row(hash(0), 1, 7)::text, 'token');
	perform same((select refresh_expires_at from devices where id = 900), now() + interval '60 seconds', 'its end');
	perform same((select count(*) from refresh_tokens), 0::bigint, 'in its place only');
	update devices set last_used_at = now() - interval '2 days' where id = v_second;
	update devices set last_used_at = now() - interval '1 day' where id = v_first;
	perform device_create(v_alice, null, hash(n), 60, 1000 + n, null) from generate_series(2, 49) n;
	perform same((select count(*) from devices where revoked_at is null), 50::bigint, 'fifty');
	perform device_create(v_alice, null, hash(50), 60, 1050, null);
	perform same((select array_agg(id) from devices where revoked_at is not null), array[v_second], 'the fifty-first');
	perform refused($q$select device_create(1, '', hash(99), 60, 999, null)$q$, 'user_not_found');
end
$$;
