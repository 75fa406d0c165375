-- Returns the user whom a change of this type removes from the conversation: an id, 0 for nobody,
-- or * for all members.
-- SPDX-License-Identifier: MIT
create function change_removed_user(in_type text, in_user bigint)
returns text
language sql
immutable parallel safe
as $$
	select case in_type
		when 'member.removed' then in_user::text
		when 'conversation.deleted' then '*'
		else '0'
	end
$$;
