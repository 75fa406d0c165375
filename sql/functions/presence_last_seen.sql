-- Returns when users were last seen; null for a user who was never seen.
-- SPDX-License-Identifier: MIT
create function presence_last_seen(in_users bigint[])
returns table (user_id bigint, last_seen timestamptz)
language sql
stable
as $$
	select u.id, u.last_seen
	from users u
	where u.id = any (in_users)
$$;
