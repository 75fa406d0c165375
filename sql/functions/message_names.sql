-- Returns the names that a text mentions by @name, each once, in lower case.
-- No part of a word stands before the "@", so a mail address mentions nobody. Dots and hyphens at
-- the end are no part of the name, so "@bob." mentions "bob".
-- So a user whose name ends in "." or "-" is mentioned by id only. A word of more than 32
-- characters is no name.
-- The function looks at the first 1000 "@" of a text, which bounds the cost.
-- SPDX-License-Identifier: MIT
create function message_names(in_text text)
returns table (name text)
language sql
immutable parallel safe
as $$
	select distinct n.name
	from (
		select p.part, p.number, lag(right(p.part, 1)) over (order by p.number) as before
		from (
			select t.part, t.number
			from string_to_table(lower(in_text), '@') with ordinality as t (part, number)
			limit 1001
		) p
	) s
	cross join lateral rtrim(substring(s.part from '^[a-z0-9_.-]{2,}'), '.-') as n (name)
	where (s.before ~ '[^a-z0-9_.-]' or s.before = '' and s.number = 2)
		and length(n.name) between 2 and 32
$$;
