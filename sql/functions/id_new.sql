-- Returns a new id for a user or a device. A conversation takes it with other low bits
-- (conversation_id_new).
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
