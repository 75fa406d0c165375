-- Returns the versions of the programs that this database serves.
-- Returns: version, the last migration; oldest, the oldest program version whose statements still
--   work. The folder former/ has what that version calls.
-- A program runs when its own version is neither above version nor below oldest. Raise oldest when
-- former/ is emptied.
-- SPDX-License-Identifier: MIT
create function schema_range(out version integer, out oldest integer)
language sql
stable
as $$
	select max(m.version), 1 from schema_migrations m
$$;
