-- Returns a user as the API shows them.
-- in_sees: whether the reader may see their presence, and so last_seen.
-- SPDX-License-Identifier: MIT
create function user_json(in_user users, in_sees boolean default true)
returns text
language sql
stable parallel safe
as $$
	select concat(
		'{"id":"', in_user.id,
		'","name":"', in_user.name,
		'","display_name":', to_json(in_user.display_name),
		',"created_at":"', time_json(in_user.created_at), '"',
		case when in_sees then ',"last_seen":"' || time_json(in_user.last_seen) || '"' end,
		'}'
	)
$$;
