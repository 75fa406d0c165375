-- Signs a user in on a new device, as device_create does, and announces the devices that this signs
-- out.
-- Returns: a first row with the new device and no channel; then each device that was signed out,
--   with the payload to publish, so that its streams end.
-- Raises: user_not_found.
-- Writes: as device_create.
-- SPDX-License-Identifier: MIT
create function device_sign_in(
	in_user bigint,
	in_name text,
	in_refresh_hash bytea,
	in_refresh_seconds integer,
	in_device bigint,
	in_network bigint
)
returns table (device_id bigint, channel text, payload text)
language plpgsql
volatile
as $$
declare
	v_evicted bigint[];
begin
	perform from users u where u.id = in_user for no key update;
	v_evicted := array(select devices_evict(in_user));
	device_id := device_create(in_user, in_name, in_refresh_hash, in_refresh_seconds, in_device, in_network);
	return next;
	return query select e, 'u:' || in_user, 'x ' || e from unnest(v_evicted) e;
end
$$;
