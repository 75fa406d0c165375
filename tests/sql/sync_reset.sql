-- What cannot be resumed.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_floor bigint := (select last_value from clock_floor);
begin
	perform same(sync_reset(stream_horizon()), null, 'a horizon');
	perform same(sync_reset(0), null, 'the beginning');
	perform same(sync_reset(null), null, 'none');
	perform same(sync_reset(id_at(clock_timestamp() + interval '1 minute')), 'ahead', 'beyond the clock');
	perform setval('clock_floor', id_at(clock_timestamp() + interval '1 hour'));
	perform same(sync_reset(id_at(clock_timestamp() + interval '1 minute')), null, 'within the floor');
	perform setval('clock_floor', v_floor);
	update retention set kept_id = 100;
	perform same(sync_reset(99), 'expired', 'below what is kept');
	perform same(sync_reset(100), null, 'kept');
end
$$;
