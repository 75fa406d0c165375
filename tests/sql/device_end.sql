-- A device ends once, with its tokens and tickets.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_phone bigint := device_create(v_alice, 'phone', hash(1), 60);
	v_laptop bigint := device_create(v_alice, 'laptop', hash(2), 60);
begin
	perform ticket_create(hash(3), v_alice, v_phone, 30);
	perform ticket_create(hash(4), v_alice, v_laptop, 30);
	perform same(device_end(v_phone), true, 'signed out');
	perform same(device_end(v_phone), false, 'once');
	perform same((select array_agg(device_id) from refresh_tokens), array[v_laptop], 'tokens of version 1');
	perform same((select array_agg(id) from devices where refresh_hash is not null), array[v_laptop], 'tokens');
	perform same((select array_agg(device_id) from tickets), array[v_laptop], 'tickets');
end
$$;
