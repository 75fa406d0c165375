-- Lists the devices that were signed out since a moment of the caller's own clock, for programs of
-- version 1.
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
