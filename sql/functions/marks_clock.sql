-- Returns a position in the order of transactions, for marks_moved. No transaction that commits
-- later has a smaller one.
-- SPDX-License-Identifier: MIT
create function marks_clock()
returns bigint
language sql
stable
as $$
	select pg_snapshot_xmin(pg_current_snapshot())::text::bigint
$$;
