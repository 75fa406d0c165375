-- Checks that all of these users exist.
-- Raises: user_not_found.
-- SPDX-License-Identifier: MIT
create function user_require(in_users bigint[])
returns void
language plpgsql
stable
as $$
declare
	v_missing bigint;
begin
	select a.user_id into v_missing
	from unnest(in_users) as a (user_id)
	where not exists (select from users u where u.id = a.user_id)
	limit 1;
	if found then
		perform fail('user_not_found', 'there is no user ' || coalesce(v_missing::text, 'null'));
	end if;
end
$$;
