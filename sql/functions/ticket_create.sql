-- Stores a one-time ticket, with which a device may open a stream. Deletes a few expired tickets.
-- Writes: tickets.
-- SPDX-License-Identifier: MIT
create function ticket_create(in_hash bytea, in_user bigint, in_device bigint, in_seconds integer)
returns void
language plpgsql
volatile
as $$
begin
	delete from tickets t
	where t.hash in (
		select e.hash
		from tickets e
		where e.expires_at < now()
		order by e.expires_at
		limit 10
		for update skip locked
	);
	insert into tickets (hash, user_id, device_id, expires_at)
	values (in_hash, in_user, in_device, clock_timestamp() + make_interval(secs => in_seconds));
end
$$;
