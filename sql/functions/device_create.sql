-- Signs a user in on a new device. When the user has 50 devices, signs out the one that was used
-- least recently.
-- in_device: the device's id, from id_new. The caller makes it because the refresh token names it.
-- Returns: the device's id.
-- Raises: user_not_found, invalid_body (label_require).
-- Writes: devices, tickets. Locks the user's row, so two sign-ins at once count each other's
--   device.
-- SPDX-License-Identifier: MIT
create function device_create(
	in_user bigint,
	in_name text,
	in_refresh_hash bytea,
	in_refresh_seconds integer,
	in_device bigint,
	in_network bigint
)
returns bigint
language plpgsql
volatile
as $$
begin
	perform from users u where u.id = in_user for no key update;
	if not found then
		perform fail('user_not_found', 'there is no such user');
	end if;

	perform devices_evict(in_user);

	insert into devices (id, user_id, name, refresh_hash, refresh_generation, refresh_expires_at, network)
	values (in_device, in_user, case when in_name <> '' then label_require(in_name, 128, 'device_name', 'a device''s name') end, in_refresh_hash, 1, now() + make_interval(secs => in_refresh_seconds), in_network);
	return in_device;
end
$$;
