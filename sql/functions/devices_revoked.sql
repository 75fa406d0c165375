-- Lists the devices that were signed out since the caller's last call. Every process calls this
-- about once a second, whether Redis is available or not.
-- in_position: the position of the last answer, or null at first.
-- in_seconds: the time that the first answer covers, the life of an access token.
-- Returns: a first row with the new position and no device, then the devices, each at least once.
-- A position is a time of the database's clock, so no other clock counts. A minute of overlap
-- covers a revocation that commits late and a clock that was set back. The overlap counts from the
-- earlier one of the position and the present time.
-- SPDX-License-Identifier: MIT
create function devices_revoked(in_position bigint, in_seconds integer)
returns table (device_id bigint, new_position bigint)
language sql
stable
as $$
	select null, (extract(epoch from now()) * 1000000)::bigint
	union all
	select d.id, null
	from devices d
	where d.revoked_at >= least(
		now() - case when in_position is null then make_interval(secs => in_seconds) else interval '0' end,
		to_timestamp(in_position / 1000000.0)
	) - interval '1 minute'
$$;
