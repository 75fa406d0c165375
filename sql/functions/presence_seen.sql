-- Stores when users were last seen. A time never goes back, nor beyond the database's clock,
-- whatever the caller's clock says.
-- Writes: users (last_seen), in the order of ids.
-- SPDX-License-Identifier: MIT
create function presence_seen(in_users bigint[], in_times timestamptz[])
returns void
language plpgsql
volatile
as $$
begin
	perform from users u where u.id = any (in_users) order by u.id for no key update;

	update users u
	set last_seen = greatest(u.last_seen, s.last_seen)
	from (
		select a.user_id, least(max(a.last_seen), clock_timestamp()) as last_seen
		from unnest(in_users, in_times) as a (user_id, last_seen)
		group by 1
	) s
	where u.id = s.user_id;
end
$$;
