-- Compares the machine's clock with the ids that the database has made.
-- Returns: ok; behind (by more than a minute: the clock was set back, or was ahead earlier); ahead
--   (by more than 31 days: it is not believed, see clock_accept).
-- SPDX-License-Identifier: MIT
create function clock_state()
returns text
language sql
volatile
as $$
	select case
		when f.last_value > 0 and id_at(clock_timestamp()) - f.last_value > 11234023833600000 then 'ahead'
		when f.last_value - id_at(clock_timestamp()) > 251658240000 then 'behind'
		else 'ok'
	end
	from clock_floor f
$$;
