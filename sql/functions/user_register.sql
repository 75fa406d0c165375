-- Creates a user.
-- Returns: the id, and the user as JSON.
-- Raises: invalid_name (lower-case letters, digits, _ . -, 2 to 32 of them), invalid_body (display_name of 1 to 128 bytes), name_taken.
-- Writes: users.
-- SPDX-License-Identifier: MIT
create function user_register(in_name text, in_display_name text, in_password_hash text)
returns table (user_id bigint, body json)
language plpgsql
volatile
as $$
declare
	v_id bigint := id_new();
begin
	if in_name is null or in_name !~ '^[a-z0-9_.-]{2,32}$' then
		perform fail('invalid_name', 'a name is 2 to 32 of a-z, 0-9, "_", "." and "-"', 'name');
	end if;
	if octet_length(in_display_name) not between 1 and 128 then
		perform fail('invalid_body', 'a display name has 1 to 128 bytes', 'display_name');
	end if;

	return query
	insert into users as u (id, name, display_name, password_hash)
	values (v_id, in_name, coalesce(in_display_name, in_name), in_password_hash)
	on conflict (name) do nothing
	returning u.id, user_json(u)::json;
	if not found then
		perform fail('name_taken', 'somebody has this name', 'name');
	end if;
end
$$;
