-- clock_state.sql tests the clock after it. This file tests its result.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_floor bigint := (select last_value from clock_floor);
	v_seen bigint := (select last_value from clock_seen);
	v_reached bigint := (select last_value from horizon_reached);
begin
	assert abs(extract(epoch from clock_accept() - clock_timestamp())) < 60, 'the clock';
	perform setval('clock_floor', v_floor), setval('clock_seen', v_seen), setval('horizon_reached', v_reached);
end
$$;
