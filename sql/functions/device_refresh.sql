-- Changes a refresh token for a new one. A token that comes a second time was stolen, from us or from the thief: its device is signed out.
-- Returns one row: status ok | invalid_refresh_token | refresh_token_reused, whose token it was (not when invalid), and, when it was reused, what is
-- to be published (channel, payload). A status and no exception, since the signing out has to be committed.
-- Writes: refresh_tokens, devices; tickets when reused. Locks the device before its tokens, as all do.
-- SPDX-License-Identifier: MIT
create function device_refresh(in_old_hash bytea, in_new_hash bytea, in_refresh_seconds integer)
returns table (status text, user_id bigint, device_id bigint, channel text, payload text)
language plpgsql
volatile
as $$
declare
	v_used_at timestamptz;
begin
	select d.id, d.user_id into device_id, user_id
	from devices d
	where d.id = (select t.device_id from refresh_tokens t where t.hash = in_old_hash)
		and d.revoked_at is null
	for no key update;

	select t.used_at into v_used_at
	from refresh_tokens t
	where t.hash = in_old_hash
		and t.device_id = device_refresh.device_id
		and t.expires_at > now();
	if not found then
		return query select 'invalid_refresh_token', null::bigint, null::bigint, null, null;
		return;
	end if;

	if v_used_at is not null then
		perform device_end(device_id);
		return query select 'refresh_token_reused', user_id, device_id, 'u:' || user_id, 'x ' || device_id;
		return;
	end if;

	delete from refresh_tokens t
	where t.device_id = device_refresh.device_id
		and t.expires_at <= now();
	update refresh_tokens t
	set used_at = now()
	where t.hash = in_old_hash;
	insert into refresh_tokens (hash, device_id, expires_at)
	values (in_new_hash, device_id, now() + make_interval(secs => in_refresh_seconds));
	update devices d
	set last_used_at = now()
	where d.id = device_refresh.device_id;
	return query select 'ok', user_id, device_id, null, null;
end
$$;
