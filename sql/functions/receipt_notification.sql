-- Returns the payload to publish when a member's marks have moved: the member and the marks. For a
-- large conversation the payload only says that marks have moved.
-- SPDX-License-Identifier: MIT
create function receipt_notification(in_members integer, in_user bigint, in_delivered bigint, in_read bigint)
returns text
language sql
stable parallel safe
as $$
	select case
		when in_members <= names_limit() then concat('r ', in_user, ' ', in_delivered, ' ', in_read)
		else 'R'
	end
$$;
