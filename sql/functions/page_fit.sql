-- Returns how many of some messages, from the first on, have up to in_bytes of JSON together. At
-- least 1, unless there are none.
-- SPDX-License-Identifier: MIT
create function page_fit(in_messages messages[], in_bytes integer)
returns integer
language plpgsql
immutable parallel safe
as $$
declare
	-- what is around the text and data of a message, and the most that JSON makes of an octet
	-- of text
	c_frame constant integer := 1024;
	c_escape constant integer := 6;
	v_message messages;
	v_bytes bigint;
	v_count integer := 0;
begin
	-- most pages are far from the limit, whatever JSON makes of them
	select sum(c_frame + c_escape * octet_length(m.text) + coalesce(octet_length(m.data::text), 0)) into v_bytes
	from unnest(in_messages) m;
	if v_bytes <= in_bytes then
		return cardinality(in_messages);
	end if;

	v_bytes := 0;
	foreach v_message in array coalesce(in_messages, '{}') loop
		v_bytes := v_bytes + c_frame + octet_length(to_json(v_message.text)::text) + coalesce(octet_length(v_message.data::text), 0);
		exit when v_bytes > in_bytes and v_count > 0;
		v_count := v_count + 1;
	end loop;
	return v_count;
end
$$;
