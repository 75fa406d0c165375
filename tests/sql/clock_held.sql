-- The clock continues from the floor: at half the pace while the machine's clock is behind, and
-- with the time that passes while it is implausible.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_now bigint := id_at('2026-06-01');
	v_second bigint := 1000::bigint << 22;
	v_day bigint := (86400 * 1000)::bigint << 22;
begin
	perform same(clock_held(v_now, 0, 0), v_now, 'the first time');
	perform same(clock_held(v_now, v_now - v_second, 0), v_now, 'the clock is right');
	perform same(clock_held(v_now, v_now, v_now), v_now, 'at the floor');
	perform same(clock_held(v_now, v_now - 31 * v_day, 0), v_now, 'after a month');
	perform same(clock_held(v_now, v_now + v_day, v_now - 2 * v_second), v_now + v_day + v_second, 'behind: half the pace');
	perform same(clock_held(v_now, v_now + v_day, v_now + v_day), v_now + v_day, 'just set back');
	perform same(clock_held(v_now, v_now + v_day, 0), v_now + v_day + 5 * v_second, 'ten seconds at most');
	perform same(clock_held(v_now, v_now - 32 * v_day, v_now - 2 * v_second), v_now - 30 * v_second - 32 * v_day + 32 * v_second, 'not believed: what passes');
	perform same(clock_held(v_now, v_now - 32 * v_day, v_now - 32 * v_day), v_now - 32 * v_day + 10 * v_second, 'not believed: ten seconds at most');
end
$$;
