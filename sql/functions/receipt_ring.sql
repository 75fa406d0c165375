-- What is published on a conversation's channel when a member's marks have moved: who and how far, or, among many members, only that they have.
-- SPDX-License-Identifier: MIT
create function receipt_ring(in_members integer, in_user bigint, in_delivered bigint, in_read bigint)
returns text
language sql
stable parallel safe
as $$
	select case
		when in_members <= names_limit() then concat('r ', in_user, ' ', in_delivered, ' ', in_read)
		else 'R'
	end
$$;
