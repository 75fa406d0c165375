-- Moves refresh tokens to their devices: the hash of the token that is good, the one before it, and
-- how many there were.
-- SPDX-License-Identifier: MIT
--
-- refresh_tokens keeps the tokens of version 1's form, which do not name their device. Version 3
-- drops it, when the last of them has expired.
-- The locks wait for the calls that have begun, so no token is replaced unseen.
lock table devices, refresh_tokens in access exclusive mode;

-- A function of version 1 that waits for these locks would replace a token in its old place: its
-- call is refused and repeated.
\ir ../../functions/former/refresh_tokens_guard.sql

alter table devices
	add column refresh_hash bytea,
	add column refresh_previous bytea,
	add column refresh_generation integer not null default 0,
	add column refresh_expires_at timestamptz,
	add column network bigint;  -- a keyed hash of the network of the last sign-in or refresh
alter table devices add constraint devices_refresh_check check ((refresh_hash is null) = (refresh_expires_at is null)) not valid;

-- Devices that are signed in stay so. A token that was replaced a moment before the load gives its
-- successor like any other.
update devices d
set refresh_hash = t.hash,
	refresh_expires_at = t.expires_at,
	refresh_generation = 1
from (
	select distinct on (r.device_id) r.device_id, r.hash, r.expires_at
	from refresh_tokens r
	where r.used_at is null
		and r.expires_at > now()
	order by r.device_id, r.created_at desc
) t
where t.device_id = d.id
	and d.revoked_at is null;
alter table devices validate constraint devices_refresh_check;

create trigger refresh_tokens_guard before insert or update on refresh_tokens for each row execute function refresh_tokens_guard();
