-- Returns a time for JSON: RFC 3339, UTC, milliseconds.
-- SPDX-License-Identifier: MIT
create function time_json(in_time timestamptz)
returns text
language sql
stable parallel safe
as $$
	select to_char(in_time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;
