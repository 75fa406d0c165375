-- Returns the key of a client_id in message_keys.
-- SPDX-License-Identifier: MIT
create function client_hash(in_client_id text)
returns bigint
language sql
immutable parallel safe
as $$
	select hashtextextended(in_client_id collate "C", 0)
$$;
