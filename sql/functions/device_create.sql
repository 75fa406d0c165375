-- Signs a user in on a new device. Of more than 50 devices, the one that was used least recently is signed out.
-- Returns: the device's id.
-- Raises: user_not_found.
-- Writes: devices, refresh_tokens, tickets; locks the user's row, so that two sign-ins do not count past each other.
-- SPDX-License-Identifier: MIT
create function device_create(in_user bigint, in_name text, in_refresh_hash bytea, in_refresh_seconds integer)
returns bigint
language plpgsql
volatile
as $$
declare
	v_id bigint := id_new();
begin
	perform from users u where u.id = in_user for no key update;
	if not found then
		perform fail('user_not_found', 'there is no such user');
	end if;

	perform device_end(old.id)
	from (
		select d.id
		from devices d
		where d.user_id = in_user
			and d.revoked_at is null
		order by d.last_used_at desc, d.id desc
		offset 49
	) old;

	insert into devices (id, user_id, name)
	values (v_id, in_user, nullif(in_name, ''));
	insert into refresh_tokens (hash, device_id, expires_at)
	values (in_refresh_hash, v_id, now() + make_interval(secs => in_refresh_seconds));
	return v_id;
end
$$;
