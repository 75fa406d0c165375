-- The current token, the one before it, older ones of version 1's form, and unknown ones.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_new bigint := device_create(v_alice, 'new', hash(1), 60, 900, null);
	v_old bigint := device_create(v_alice, 'old', hash(11), 60);
begin
	perform same((select row(t.*)::text from device_of_token(hash(1)) t), row(v_new, 1)::text, 'current');
	perform same((select count(*) from device_of_token(hash(2))), 0::bigint, 'unknown');
	perform device_refresh(hash(11), hash(12), 60);
	perform same((select row(t.*)::text from device_of_token(hash(11)) t), row(v_old, 1)::text, 'replaced');
	perform same((select row(t.*)::text from device_of_token(hash(12)) t), row(v_old, 2)::text, 'its successor');
	perform device_refresh(hash(12), hash(13), 60);
	perform same((select row(t.*)::text from device_of_token(hash(11)) t), row(v_old, 0)::text, 'older');
end
$$;
