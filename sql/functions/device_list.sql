-- Lists the devices on which a user is signed in, the most recently used first.
-- Returns: {"devices":[{id,name,created_at,last_used_at,current}]}
-- SPDX-License-Identifier: MIT
create function device_list(in_user bigint, in_current bigint)
returns json
language sql
stable
as $$
	select concat(
		'{"devices":[',
		string_agg(concat(
			'{"id":"', d.id, '"',
			',"name":' || to_json(d.name)::text,
			',"created_at":"', time_json(d.created_at),
			'","last_used_at":"', time_json(d.last_used_at),
			'","current":', to_json(d.id is not distinct from in_current), '}'
		), ',' order by d.last_used_at desc, d.id desc),
		']}'
	)::json
	from devices d
	where d.user_id = in_user
		and d.revoked_at is null
$$;
