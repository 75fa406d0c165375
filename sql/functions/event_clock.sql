-- The database's clock as an id: no event that the calling transaction makes from now on may get a smaller one.
-- It is never below the start of the transaction, nor below the floor, so a clock that was set back loses nothing.
-- The transaction gets its own id first. That is what stream_horizon relies on: whoever has read the floor can be seen to be writing.
-- SPDX-License-Identifier: MIT
create function event_clock()
returns bigint
language plpgsql
volatile
as $$
declare
	v_xact xid8 := pg_current_xact_id();
	v_floor bigint := pg_sequence_last_value('clock_floor');
begin
	return greatest(id_at(greatest(clock_timestamp(), now())), v_floor);
end
$$;
