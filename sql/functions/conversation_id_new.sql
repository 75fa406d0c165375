-- Returns a new id for a conversation. Its low 10 bits are the virtual shard, so the id alone
-- determines the shard.
-- Conversations of version 1 have arbitrary low bits. These are their shards too.
-- SPDX-License-Identifier: MIT
create function conversation_id_new(in_shard integer)
returns bigint
language plpgsql
volatile
as $$
declare
	v_id bigint;
begin
	-- two random bits and the clock are left to make it unique
	loop
		v_id := (id_new() & ~1023::bigint) | in_shard;
		exit when not exists (select from conversations c where c.id = v_id);
	end loop;
	return v_id;
end
$$;
