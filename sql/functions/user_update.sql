-- Changes a user's display name.
-- Returns: the user as JSON.
-- Raises: invalid_body (display_name: label_require), user_not_found.
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
	update users u
	set display_name = label_require(in_display_name, 128, 'display_name', 'a display name')
	where u.id = in_user
	returning user_json(u) into v_body;
	if not found then
		perform fail('user_not_found', 'there is no such user');
	end if;
	return v_body;
end
$$;
