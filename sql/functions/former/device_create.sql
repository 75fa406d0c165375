-- Signs a user in on a new device, with a refresh token of version 1's form.
-- Returns: the device's id.
-- Raises: user_not_found.
-- Writes: devices, refresh_tokens, tickets.
-- SPDX-License-Identifier: MIT
create function device_create(in_user bigint, in_name text, in_refresh_hash bytea, in_refresh_seconds integer)
returns bigint
language plpgsql
volatile
as $$
declare
	v_id bigint := device_create(in_user, in_name, in_refresh_hash, in_refresh_seconds, id_new(), null);
begin
	insert into refresh_tokens (hash, device_id, expires_at)
	values (in_refresh_hash, v_id, now() + make_interval(secs => in_refresh_seconds));
	return v_id;
end
$$;
