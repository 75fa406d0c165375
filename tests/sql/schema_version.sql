-- The version is the last migration.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform same(schema_version(), 1, 'as loaded');
	insert into schema_migrations (version) values (7);
	perform same(schema_version(), 7, 'a newer one');
end
$$;
