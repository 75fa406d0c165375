-- Returns the values that a program reads each second: the horizon (stream_horizon), the id of the
-- present incarnation, and the state of the clock (clock_state).
-- Writes: as stream_horizon.
-- SPDX-License-Identifier: MIT
create function stream_state(out horizon bigint, out incarnation bigint, out clock text)
language plpgsql
volatile
as $$
begin
	horizon := stream_horizon();
	incarnation := incarnation_id();
	clock := clock_state();
end
$$;
