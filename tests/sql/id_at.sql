-- An id is milliseconds since 2024 above 22 bits; microseconds keep the order within one.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform same(id_at('2024-01-01 00:00:00+00'), 0::bigint, 'the beginning');
	perform same(id_at('2024-01-01 00:00:00.001+00'), 4194304::bigint, 'a millisecond');
	perform same(id_at('2024-01-01 00:00:00.000001+00'), 4096::bigint, 'a microsecond');
	perform same(id_at('2024-01-01 00:00:00.999999+00'), 999::bigint * 4194304 + 999 * 4096, 'almost a second');
end
$$;
