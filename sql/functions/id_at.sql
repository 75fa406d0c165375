-- Returns the smallest id of a moment: milliseconds since 2024-01-01 in the upper 42 bits,
-- microseconds in the ten bits below.
-- The last twelve bits are free. Callers use them to make different ids in one microsecond.
-- SPDX-License-Identifier: MIT
create function id_at(in_time timestamptz)
returns bigint
language plpgsql
immutable parallel safe
as $$
declare
	v_micros bigint := extract(epoch from in_time) * 1000000 - 1704067200000000;
begin
	return ((v_micros / 1000) << 22) | ((v_micros % 1000) << 12);
end
$$;
