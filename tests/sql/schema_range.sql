-- The database returns the versions that it serves, and to programs of version 1 their own number.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform same((select version from schema_range()), 2, 'as loaded');
	perform same((select oldest from schema_range()), 1, 'the oldest program');
	insert into schema_migrations (version) values (7);
	perform same((select version from schema_range()), 7, 'a newer one');
	perform same(schema_version(), 1, 'programs of version 1 find theirs');
end
$$;
