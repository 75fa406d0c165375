-- Bases that cannot be resumed.
-- SPDX-License-Identifier: MIT
create function pg_temp.reset(in_base bigint) returns text language sql as $$
	select sync_reset(in_base, r.from_id, r.to_id) from sync_range() r
$$;

do $$
declare
	v_floor bigint := (select last_value from clock_floor);
begin
	perform same(pg_temp.reset(stream_horizon()), null, 'a horizon');
	perform same(pg_temp.reset(0), null, 'the beginning');
	perform same(pg_temp.reset(null), null, 'none');
	perform same(pg_temp.reset(id_at(clock_timestamp() + interval '1 minute')), 'ahead', 'beyond the clock');
	perform setval('clock_floor', id_at(clock_timestamp() + interval '1 hour'));
	perform same(pg_temp.reset(id_at(clock_timestamp() + interval '1 minute')), null, 'within the floor');
	perform setval('clock_floor', v_floor);
	update retention set kept_id = 100;
	perform same(pg_temp.reset(99), 'expired', 'below what is kept');
	perform same(pg_temp.reset(100), null, 'kept');
end
$$;
