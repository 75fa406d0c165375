-- Returns the database's clock as an id. No later event of the calling transaction may get a
-- smaller id.
-- The result is never below the start of the transaction, nor below the floor. So a clock that was
-- set back loses nothing.
--
-- The function marks the transaction first, and reads the floor after that. stream_horizon relies
-- on this order.
-- The mark is a shared advisory lock, which ends with the transaction. Its key holds a bound: the
-- transaction makes no event below it, now or later.
-- An open mark holds the horizon. So a session without idle_in_transaction_session_timeout gets one
-- of a minute for this transaction.
-- SPDX-License-Identifier: MIT
create function event_clock()
returns bigint
language plpgsql
volatile
as $$
declare
	v_floor bigint := coalesce(pg_sequence_last_value('clock_floor'), 0);
	v_start bigint := id_at(now());
begin
	if v_floor > 0 and v_start - v_floor > 11234023833600000 then
		v_start := 0; -- the clock was too far ahead: clock_held does not believe it either
	end if;
	-- 0x4256 tells these locks from others; the lower 48 bits are the bound, rounded down by
	-- eight microseconds
	perform pg_advisory_xact_lock_shared(4780008054500360192 | (greatest(v_start, v_floor) >> 15));
	if current_setting('idle_in_transaction_session_timeout') = '0' then
		perform set_config('idle_in_transaction_session_timeout', '60s', true);
	end if;

	v_floor := coalesce(pg_sequence_last_value('clock_floor'), 0);
	return greatest(clock_held(id_at(clock_timestamp()), v_floor, coalesce(pg_sequence_last_value('clock_seen'), 0)), v_start);
end
$$;
