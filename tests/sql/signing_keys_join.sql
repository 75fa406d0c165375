-- The first host's keys are accepted, one known key is enough, and a host with other keys is
-- refused.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_a text := repeat('a', 32);
	v_b text := repeat('b', 32);
	v_c text := repeat('c', 32);
begin
	delete from signing_keys;
	perform same(signing_keys_join(array[v_a]), true, 'the first host');
	perform same(signing_keys_join(array[v_a]), true, 'again');
	perform same(signing_keys_join(array[v_b]), false, 'another key');
	perform same(signing_keys_join(array[v_a, v_b]), true, 'a new key beside the old one');
	perform same(signing_keys_join(array[v_b]), true, 'the new key alone');
	perform same(signing_keys_join(array[v_c]), false, 'a third one');
	perform same((select count(*) from signing_keys), 2::bigint, 'what is known');
end
$$;
