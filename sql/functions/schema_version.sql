-- The version of the tables: the last migration. A program that was built for another one refuses to start.
-- SPDX-License-Identifier: MIT
create function schema_version()
returns integer
language sql
stable
as $$
	select max(version) from schema_migrations
$$;
