-- Run once by the administrator of the PostgreSQL server, and again when Banter was installed with
-- one role: psql -v database=banter -f sql/roles.sql
-- SPDX-License-Identifier: MIT
--
-- banter_owner owns everything and loads the SQL. banter is the role of the programs: it reads and
-- writes rows, and can neither create nor alter anything.
-- Give both a password afterwards: \password banter_owner and \password banter
-- pg_read_all_stats lets the owner see what the sessions of every role do (horizon_holders).

\set ON_ERROR_STOP on
\if :{?database}
\else
	\set database banter
\endif

select not exists (select from pg_roles where rolname = 'banter_owner') as missing \gset
\if :missing
	create role banter_owner login;
\endif
select not exists (select from pg_roles where rolname = 'banter') as missing \gset
\if :missing
	create role banter login;
\endif
select not pg_has_role('banter_owner', 'pg_read_all_stats', 'member') as missing \gset
\if :missing
	grant pg_read_all_stats to banter_owner;
\endif

select not exists (select from pg_database where datname = :'database') as missing \gset
\if :missing
	create database :"database" owner banter_owner encoding 'UTF8' template template0;
\endif

\connect :"database"

-- The functions for an administrator name tables and functions without their schema.
alter role banter_owner in database :"database" set search_path = banter;

-- Everything that a single role owned goes to banter_owner, in one transaction: running programs
-- find their rights before and after it. The rights that load.sql grants are narrower.
begin;
set local client_min_messages = error;
set local lock_timeout = '5s';
select pg_advisory_xact_lock(hashtext('banter load')) \g /dev/null

do $$
declare
	v_command text;
	v_moved boolean := false;
begin
	for v_command in
		select format('alter database %I owner to banter_owner', d.datname)
		from pg_database d
		where d.datname = current_database()
			and d.datdba = 'banter'::regrole
		union all
		select format('alter schema %I owner to banter_owner', n.nspname)
		from pg_namespace n
		where n.nspname in ('banter', 'banter_next')
			and n.nspowner = 'banter'::regrole
		union all
		select format('alter %s %s owner to banter_owner', case c.relkind when 'S' then 'sequence' when 'v' then 'view' else 'table' end, c.oid::regclass)
		from pg_class c
		where c.relnamespace = to_regnamespace('banter')
			and c.relowner = 'banter'::regrole
			and c.relkind in ('r', 'p', 'v', 'S')
			-- a sequence of a column follows its table
			and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i') and d.refobjsubid > 0)
		union all
		select format('alter routine %s owner to banter_owner', p.oid::regprocedure)
		from pg_proc p
		where p.pronamespace = to_regnamespace('banter')
			and p.proowner = 'banter'::regrole
		union all
		select format('alter type %s owner to banter_owner', t.oid::regtype)
		from pg_type t
		where t.typnamespace = to_regnamespace('banter')
			and t.typowner = 'banter'::regrole
			and t.typtype in ('d', 'e')
	loop
		execute v_command;
		v_moved := true;
	end loop;

	if v_moved and to_regnamespace('banter') is not null then
		grant usage on schema banter to banter;
		grant select, insert, update, delete on all tables in schema banter to banter;
		grant usage, select, update on all sequences in schema banter to banter;
		grant execute on all functions in schema banter to banter;
	end if;
end
$$;

select pg_has_role('banter', 'pg_read_all_stats', 'member') as stale \gset
\if :stale
	revoke pg_read_all_stats from banter;
\endif
revoke create, temporary on database :"database" from public, banter;
grant create, connect, temporary on database :"database" to banter_owner;
grant connect on database :"database" to banter;
revoke create on schema public from public;
commit;
