-- Returns the moment, in milliseconds, of an id.
-- SPDX-License-Identifier: MIT
create function id_time(in_id bigint)
returns timestamptz
language sql
stable parallel safe
as $$
	select timestamptz '2024-01-01 00:00:00+00' + (in_id >> 22) * interval '1 millisecond'
$$;
