-- Returns the size of a message's data in octets, as a client would write it: without the blanks
-- that PostgreSQL adds to jsonb.
-- SPDX-License-Identifier: MIT
create function data_size(in_data jsonb)
returns integer
language sql
immutable parallel safe
as $$
	-- what is left without its strings has no blanks but those
	select octet_length(in_data::text)
		- length(regexp_replace(regexp_replace(in_data::text, '"([^"\\]|\\.)*"', '', 'g'), '[^ ]', '', 'g'))
$$;
