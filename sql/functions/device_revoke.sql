-- Signs one of a user's devices out.
-- Returns: {}, and the payload to publish, so that its streams end.
-- Raises: device_not_found (also for a device of somebody else).
-- Writes: devices, refresh_tokens, tickets.
-- SPDX-License-Identifier: MIT
create function device_revoke(in_user bigint, in_device bigint)
returns table (channel text, payload text)
language plpgsql
volatile
as $$
begin
	perform from devices d where d.id = in_device and d.user_id = in_user and d.revoked_at is null;
	if not found or not device_end(in_device) then
		perform fail('device_not_found', 'you have no such device');
	end if;

	return query values
		(null, '{}'),
		('u:' || in_user, 'x ' || in_device);
end
$$;
