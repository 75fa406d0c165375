-- Revokes a device: it is signed out, and what it could come back with is gone.
-- Returns: whether it was still signed in.
-- Writes: devices, refresh_tokens, tickets.
-- SPDX-License-Identifier: MIT
create function device_end(in_device bigint)
returns boolean
language plpgsql
volatile
as $$
begin
	update devices d
	set revoked_at = clock_timestamp()
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
