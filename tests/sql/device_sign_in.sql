-- The device that is signed out for the limit is published like a revocation.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_first bigint := device_create(v_alice, 'first', hash(0), 60);
	v_rows text[];
begin
	perform same((select array_agg(channel) from device_sign_in(v_alice, 'second', hash(1), 60, id_new(), 1)), array[null::text], 'nobody has to go');
	perform device_create(v_alice, null, hash(n), 60) from generate_series(2, 49) n;
	update devices set last_used_at = now() - interval '1 day' where id = v_first;
	select array_agg(concat_ws(' ', s.channel, s.payload)) into v_rows from device_sign_in(v_alice, 'last', hash(50), 60, id_new(), 1) s;
	perform same(v_rows, array['', format('u:%s x %s', v_alice, v_first)], 'the first has to');
	perform same((select count(*) from devices where user_id = v_alice and revoked_at is null), 50::bigint, 'fifty');
	perform refused($q$select device_sign_in(1, '', hash(99), 60, 1, 1)$q$, 'user_not_found');
end
$$;
