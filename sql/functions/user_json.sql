-- A user as the API shows them.
-- SPDX-License-Identifier: MIT
create function user_json(in_user users)
returns text
language sql
stable parallel safe
as $$
	select concat(
		'{"id":"', in_user.id,
		'","name":"', in_user.name,
		'","display_name":', to_json(in_user.display_name),
		',"created_at":"', time_json(in_user.created_at), '"',
		',"last_seen":"' || time_json(in_user.last_seen) || '"',
		'}'
	)
$$;
