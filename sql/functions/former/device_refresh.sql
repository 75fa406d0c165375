-- Replaces a refresh token of any form by a new one of version 1's form.
-- Returns one row: status ok | invalid_refresh_token | refresh_token_reused, the user and device,
-- and the payload to publish.
-- Writes: devices, refresh_tokens; tickets when reused.
-- SPDX-License-Identifier: MIT
create function device_refresh(in_old_hash bytea, in_new_hash bytea, in_refresh_seconds integer)
returns table (status text, user_id bigint, device_id bigint, channel text, payload text)
language plpgsql
volatile
as $$
declare
	v_generation integer;
begin
	select t.device_id, t.generation into device_id, v_generation
	from device_of_token(in_old_hash) t;
	return query
	select r.*
	from device_refresh(device_id, v_generation, in_old_hash, in_new_hash, in_refresh_seconds, null) r;

	delete from refresh_tokens t
	where t.device_id = device_refresh.device_id
		and t.expires_at <= now();
	insert into refresh_tokens (hash, device_id, expires_at)
	select d.refresh_hash, d.id, d.refresh_expires_at
	from devices d
	where d.id = device_refresh.device_id
		and d.refresh_hash = in_new_hash;
end
$$;
