-- The horizon, the incarnation and the clock in one call.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_state record;
begin
	select * into v_state from stream_state();
	perform same(v_state.horizon, (select last_value from horizon_reached), 'horizon');
	perform same(v_state.incarnation, (select id from incarnations order by number desc limit 1), 'incarnation');
	perform same(v_state.clock, clock_state(), 'clock');
end
$$;
