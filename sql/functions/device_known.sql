-- Returns whether a device of this user is signed in. A token may name a device that the database
-- does not have, after a restore or with a stolen key.
-- SPDX-License-Identifier: MIT
create function device_known(in_user bigint, in_device bigint)
returns boolean
language sql
stable
as $$
	select exists (
		select
		from devices d
		where d.id = in_device
			and d.user_id = in_user
			and d.revoked_at is null
	)
$$;
