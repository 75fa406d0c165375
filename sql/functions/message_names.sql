-- The names that a text mentions by @name: not within a word (so no mail address), in any case, with or without the full stop of a sentence behind it.
-- SPDX-License-Identifier: MIT
create function message_names(in_text text)
returns text[]
language sql
immutable parallel safe
as $$
	select array_agg(distinct n.name)
	from regexp_matches(lower(in_text), '(?:^|[^a-z0-9_.@-])@([a-z0-9_.-]{2,32})', 'g') as found
	cross join lateral (values (found[1]), (rtrim(found[1], '.-'))) as n (name)
$$;
