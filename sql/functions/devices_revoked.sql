-- The devices that were signed out since a moment. Every process asks once a second, whatever Redis says.
-- A device's revoked_at is taken before its COMMIT: ask with a margin of some seconds.
-- SPDX-License-Identifier: MIT
create function devices_revoked(in_since timestamptz)
returns table (device_id bigint, revoked_at timestamptz)
language sql
stable
as $$
	select d.id, d.revoked_at
	from devices d
	where d.revoked_at >= in_since
	order by d.revoked_at
$$;
