-- Returns one user as in_asker may see them: last_seen only when in_asker may see their presence.
-- Returns: the user as JSON.
-- Raises: user_not_found.
-- SPDX-License-Identifier: MIT
create function user_get(in_asker bigint, in_user bigint)
returns json
language plpgsql
stable
as $$
declare
	v_body json;
begin
	select user_json(u, exists (select from presence_allowed(in_asker, array[in_user]))) into v_body
	from users u
	where u.id = in_user;
	if not found then
		perform fail('user_not_found', 'there is no such user');
	end if;
	return v_body;
end
$$;
