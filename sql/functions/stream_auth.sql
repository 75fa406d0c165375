-- Returns the user and device of a ticket, and deletes the ticket. A ticket works once.
-- Returns: no row when the ticket is unknown, used or expired, or when its device was signed out.
-- Writes: tickets.
-- SPDX-License-Identifier: MIT
create function stream_auth(in_ticket_hash bytea)
returns table (user_id bigint, device_id bigint)
language plpgsql
volatile
as $$
begin
	return query
	with taken as (
		delete from tickets t
		where t.hash = in_ticket_hash
		returning t.user_id, t.device_id, t.expires_at
	)
	select t.user_id, t.device_id
	from taken t
	join devices d on d.id = t.device_id and d.user_id = t.user_id
	where t.expires_at > clock_timestamp()
		and d.revoked_at is null;
end
$$;
