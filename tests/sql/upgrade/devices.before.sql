-- Devices of version 1: signed in, refreshed twice, expired, signed out.
-- SPDX-License-Identifier: MIT
insert into users (id, name, display_name)
values (201, 'devices-alice', 'Alice');

insert into devices (id, user_id, revoked_at)
values (221, 201, null), (222, 201, null), (223, 201, null), (224, 201, now());

insert into refresh_tokens (hash, device_id, expires_at, used_at)
values
	(sha256('devices 221 a'), 221, now() + interval '1 hour', null),
	(sha256('devices 222 a'), 222, now() + interval '1 hour', now()),
	(sha256('devices 222 b'), 222, now() + interval '2 hours', now()),
	(sha256('devices 222 c'), 222, now() + interval '3 hours', null),
	(sha256('devices 223 a'), 223, now() - interval '1 second', null);
