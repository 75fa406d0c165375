-- Returns the id of the present incarnation of the database (incarnation_check).
-- SPDX-License-Identifier: MIT
create function incarnation_id()
returns bigint
language sql
volatile
as $$
	select i.id
	from incarnations i
	order by i.number desc
	limit 1
$$;
