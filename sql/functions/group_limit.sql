-- How many members a group may have.
create function group_limit()
returns integer
language sql
immutable parallel safe
as $$
	select 10000
$$;
