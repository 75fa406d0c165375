-- A new id for what has no conversation to number it: users, devices, conversations.
-- SPDX-License-Identifier: MIT
create function id_new()
returns bigint
language plpgsql
volatile
as $$
begin
	return id_at(clock_timestamp()) | floor(random() * 4096)::bigint;
end
$$;
