-- Revokes a device: signs it out and deletes its tokens and tickets.
-- Returns: whether the device was signed in until now.
-- Writes: devices, refresh_tokens, tickets.
-- SPDX-License-Identifier: MIT
create function device_end(in_device bigint)
returns boolean
language plpgsql
volatile
as $$
begin
	update devices d
	set revoked_at = clock_timestamp(),
		refresh_hash = null,
		refresh_previous = null,
		refresh_expires_at = null
	where d.id = in_device
		and d.revoked_at is null;
	if not found then
		return false;
	end if;

	delete from refresh_tokens t where t.device_id = in_device;
	delete from tickets t where t.device_id = in_device;
	return true;
end
$$;
