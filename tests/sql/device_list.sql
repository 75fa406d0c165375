-- A user's own signed-in devices, the current one marked.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_phone bigint := device_create(v_alice, 'ph"one', hash(1), 60);
	v_laptop bigint := device_create(v_alice, null, hash(2), 60);
	v_list json;
begin
	perform device_create(person('bob'), 'other', hash(3), 60);
	update devices set last_used_at = now() - interval '1 minute' where id = v_phone;
	v_list := device_list(v_alice, v_phone) -> 'devices';
	perform same(
		(select string_agg(concat(d ->> 'id', d ->> 'name', d ->> 'current'), ' ') from json_array_elements(v_list) d),
		concat(v_laptop, 'false ', v_phone, 'ph"onetrue'),
		'two devices'
	);
	perform device_end(v_laptop);
	perform same(json_array_length(device_list(v_alice, v_phone) -> 'devices'), 1, 'without those signed out');
end
$$;
