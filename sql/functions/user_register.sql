-- Creates a user.
-- Returns: the id, and the user as JSON.
-- Raises: invalid_name (2 to 32 lower-case letters, digits, _ . -; begins and ends with none of .
--   -; a letter or a digit at least), invalid_body (display_name: label_require), name_taken.
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
	if in_name is null or in_name !~ '^[a-z0-9_][a-z0-9_.-]{0,30}[a-z0-9_]$' or in_name !~ '[a-z0-9]' then
		perform fail('invalid_name', 'a name is 2 to 32 of a-z, 0-9, "_", "." and "-", the last two inside only, with a letter or a digit', 'name');
	end if;

	return query
	insert into users as u (id, name, display_name, password_hash)
	values (v_id, in_name, label_require(coalesce(in_display_name, in_name), 128, 'display_name', 'a display name'), in_password_hash)
	on conflict (name) do nothing
	returning u.id, user_json(u)::json;
	if not found then
		perform fail('name_taken', 'somebody has this name', 'name');
	end if;
end
$$;
