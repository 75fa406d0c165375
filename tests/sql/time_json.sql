-- Times are UTC with milliseconds, truncated and not rounded, whatever the time zone of the
-- session.
-- SPDX-License-Identifier: MIT
do $$
begin
	set local timezone = 'Asia/Kathmandu';
	perform same(time_json('2026-11-24 03:21:06.1239+00'), '2026-11-24T03:21:06.123Z', 'time');
	perform same(time_json(null), null, 'no time');
end
$$;
