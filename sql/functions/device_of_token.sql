-- Finds the device of a refresh token that does not name its device. Tokens of version 1 do not.
-- Returns: the device, and the generation of the token; 0 for one that was replaced long ago. No
--   row when the token is unknown.
-- SPDX-License-Identifier: MIT
create function device_of_token(in_hash bytea)
returns table (device_id bigint, generation integer)
language sql
stable
as $$
	select d.id,
		case in_hash when d.refresh_hash then d.refresh_generation when d.refresh_previous then d.refresh_generation - 1 else 0 end
	from devices d
	where d.id = coalesce(
			(select t.device_id from refresh_tokens t where t.hash = in_hash),
			(select f.id from devices f where f.refresh_hash = in_hash)
		)
$$;
