-- The time of an id is the millisecond in which it was made.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform same(id_time(id_at('2026-11-24 03:21:06.123999+00') | 4095), '2026-11-24 03:21:06.123+00'::timestamptz, 'there and back');
	perform same(id_time(0), '2024-01-01 00:00:00+00'::timestamptz, 'the beginning');
end
$$;
