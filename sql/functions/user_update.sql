-- Changes what a user is called.
-- Returns: the user as JSON.
-- Raises: invalid_body (display_name of 1 to 128 bytes), user_not_found.
-- Writes: users.
-- SPDX-License-Identifier: MIT
create function user_update(in_user bigint, in_display_name text)
returns json
language plpgsql
volatile
as $$
declare
	v_body json;
begin
	if in_display_name is null or octet_length(in_display_name) not between 1 and 128 then
		perform fail('invalid_body', 'a display name has 1 to 128 bytes', 'display_name');
	end if;

	update users u
	set display_name = in_display_name
	where u.id = in_user
	returning user_json(u) into v_body;
	if not found then
		perform fail('user_not_found', 'there is no such user');
	end if;
	return v_body;
end
$$;
