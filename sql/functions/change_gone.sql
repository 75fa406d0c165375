-- Returns who leaves a conversation with a change of this type: 0 for nobody, a user's id, or * for
-- everybody.
-- SPDX-License-Identifier: MIT
create function change_gone(in_type text, in_user bigint)
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
