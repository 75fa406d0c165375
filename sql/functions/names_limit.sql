-- Up to this many members, receipts are told by name; in larger conversations by count only.
create function names_limit()
returns integer
language sql
immutable parallel safe
as $$
	select 100
$$;
