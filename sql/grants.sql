-- The rights of the programs' role: rows of tables, and the functions. Everything else belongs to
-- the owner (roles.sql). Part of load.sql.
-- SPDX-License-Identifier: MIT
--
-- Functions run with the rights of the caller. So each table has a row here, with what the
-- functions do to it. A table without a row is an error of the load. `for update` needs the right
-- to update. A partition needs no row: it is reached through its table. stream_horizon and
-- incarnation_check alone run with their owner's rights, because they move the clock of all; they
-- name their search_path.
-- The rows are not used when one role does everything.

create temp table grants (name text primary key, rights text not null) on commit drop;
insert into grants values
	('changes',           'select, insert'),
	('conversations',     'select, insert, update'),
	('devices',           'select, insert, update'),
	('directs',           'select, insert'),
	('former_members',    'select, insert, update'),
	('incarnations',      'select'),
	('members',           'select, insert, update, delete'),
	('mentions',          'select, insert'),
	('message_keys',      'select, insert'),
	('messages',          'select, insert'),
	('refresh_tokens',    'select, insert, delete'),
	('retention',         'select'),
	('schema_migrations', 'select'),
	('signing_keys',      'select, insert'),
	('tickets',           'select, insert, update, delete'),
	('users',             'select, insert, update');

do $$
declare
	v_wrong text;
begin
	select string_agg(coalesce(g.name, c.relname), ', ' order by coalesce(g.name, c.relname)) into v_wrong
	from grants g
	full join (
		select c.relname::text
		from pg_class c
		where c.relnamespace = 'banter'::regnamespace
			and c.relkind in ('r', 'p')
			and not c.relispartition
	) c on c.relname = g.name
	where g.name is null
		or c.relname is null;
	if v_wrong is not null then
		raise exception 'the tables of the schema banter and the rows of sql/grants.sql differ: %', v_wrong;
	end if;
end
$$;

revoke all on all functions in schema banter from public;

select exists (select from pg_roles r where r.rolname = 'banter' and r.rolname <> current_user) as apart \gset
\if :apart
	revoke all on all tables in schema banter from banter;
	revoke all on all sequences in schema banter from banter;
	do $$
	declare
		v_command text;
	begin
		for v_command in select format('grant %s on banter.%I to banter', g.rights, g.name) from grants g loop
			execute v_command;
		end loop;
	end
	$$;
	grant usage on schema banter to banter;
	grant select on all sequences in schema banter to banter;
	grant execute on all functions in schema banter to banter;
\endif
