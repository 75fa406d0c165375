-- Returns the version of the schema for programs of version 1, which refuse every number other than
-- their own.
-- Returns: 1, as long as this database serves programs of version 1 (schema_range).
-- SPDX-License-Identifier: MIT
create function schema_version()
returns integer
language sql
immutable
as $$
	select 1
$$;
