-- Returns the database's clock as an id. This is the machine's clock while it is plausible.
-- A machine's clock behind the floor was set back. The result then continues from the floor at half
-- the pace, so the machine's clock catches up.
-- A machine's clock more than 31 days ahead of the floor is not believed (clock_state reports it).
-- The result then continues from the floor with the time that passes.
-- in_seen: the machine's clock when the floor was raised last. At most ten seconds since then are
--   counted.
-- SPDX-License-Identifier: MIT
create function clock_held(in_real bigint, in_floor bigint, in_seen bigint)
returns bigint
language sql
immutable parallel safe
as $$
	select case
		when in_floor = 0 or in_real - in_floor between 0 and 11234023833600000 then in_real
		when in_real < in_floor then in_floor + least(greatest(in_real - in_seen, 0), 41943040000) / 2
		else in_floor + least(greatest(in_real - in_seen, 0), 41943040000)
	end
$$;
