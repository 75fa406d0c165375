-- Makes room for one more device of a user. Keeps the 49 devices that were used most recently, and
-- signs out the others.
-- The caller has locked the user's row, so two sign-ins at once count each other's device.
-- Returns: the ids of the devices that were signed out.
-- Writes: devices, and as device_end.
-- SPDX-License-Identifier: MIT
create function devices_evict(in_user bigint)
returns setof bigint
language plpgsql
volatile
as $$
begin
	return query
	select old.id
	from (
		select d.id
		from devices d
		where d.user_id = in_user
			and d.revoked_at is null
		order by d.last_used_at desc, d.id desc
		offset 49
	) old
	where device_end(old.id);
end
$$;
