-- Returns a member as the API and the events about members show them.
-- SPDX-License-Identifier: MIT
create function member_json(in_member members, in_user users)
returns text
language sql
stable parallel safe
as $$
	select concat(
		'{"user_id":"', in_member.user_id,
		'","name":"', in_user.name,
		'","display_name":', to_json(in_user.display_name),
		',"role":"', in_member.role,
		'","joined_at":"', time_json(id_time(in_member.joined_id)),
		'","delivered_id":"', in_member.delivered_id,
		'","read_id":"', in_member.read_id,
		'"}'
	)
$$;
