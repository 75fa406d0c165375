-- Lists users by the beginning of their name, without last_seen, for a program that does not name
-- the asking user.
-- SPDX-License-Identifier: MIT
create function user_find(in_prefix text, in_after text, in_limit integer)
returns json
language sql
stable
as $$
	select user_find(null, in_prefix, in_after, in_limit)
$$;
