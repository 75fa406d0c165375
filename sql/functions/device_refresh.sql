-- Replaces a device's refresh token by its successor.
-- The token before the current one stays good for 30 seconds, because the client may have missed
-- the reply. It ends with the first use of its successor.
-- The caller derives the successor from the token. So a client that repeats the request gets the
-- same successor, and is not taken for a thief.
-- An older token was stolen: the function signs its device out.
-- in_generation: null when nothing proves that the token belongs to the device. Then no device is
--   signed out.
-- Returns one row: status ok | invalid_refresh_token | refresh_token_reused; the user and the
-- device, unless invalid; when reused, the payload to publish.
-- The result is a status, not an exception, because the sign-out has to be committed.
-- Writes: devices; tickets when reused.
-- SPDX-License-Identifier: MIT
create function device_refresh(
	in_device bigint,
	in_generation integer,
	in_old_hash bytea,
	in_new_hash bytea,
	in_refresh_seconds integer,
	in_network bigint
)
returns table (status text, user_id bigint, device_id bigint, channel text, payload text)
language plpgsql
volatile
as $$
declare
	c_grace constant interval := '30 seconds';
	v_device record;
begin
	select d.id, d.user_id, d.refresh_hash, d.refresh_previous, d.refresh_generation, d.last_used_at into v_device
	from devices d
	where d.id = in_device
		and d.revoked_at is null
		and d.refresh_expires_at > now()
	for no key update;
	if not found then
		return query select 'invalid_refresh_token', null::bigint, null::bigint, null, null;
		return;
	end if;

	if in_old_hash = v_device.refresh_hash then
		update devices d
		set refresh_previous = d.refresh_hash,
			refresh_hash = in_new_hash,
			refresh_generation = d.refresh_generation + 1,
			refresh_expires_at = now() + make_interval(secs => in_refresh_seconds),
			last_used_at = now(),
			network = coalesce(in_network, d.network)
		where d.id = in_device;
	elsif in_old_hash = v_device.refresh_previous and v_device.last_used_at > now() - c_grace then
		-- Another key of the programs derives another successor. The first one was not
		-- used, and is replaced.
		update devices d
		set refresh_hash = in_new_hash
		where d.id = in_device
			and d.refresh_hash <> in_new_hash;
	elsif in_old_hash = v_device.refresh_previous or in_generation < v_device.refresh_generation then
		perform device_end(in_device);
		return query select 'refresh_token_reused', v_device.user_id, v_device.id, 'u:' || v_device.user_id, 'x ' || v_device.id;
		return;
	else
		return query select 'invalid_refresh_token', null::bigint, null::bigint, null, null;
		return;
	end if;
	return query select 'ok', v_device.user_id, v_device.id, null, null;
end
$$;
