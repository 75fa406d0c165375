-- New ids are of the present time, and differ within a microsecond.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_before bigint := id_at(clock_timestamp());
	v_id bigint := id_new();
begin
	assert v_id between v_before and id_at(clock_timestamp()) | 4095, 'of now';
	perform same((select count(distinct id_new() & 4095) > 1000 from generate_series(1, 4000)), true, 'twelve random bits');
end
$$;
