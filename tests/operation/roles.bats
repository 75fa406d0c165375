# Two roles: banter_owner loads the SQL, and banter serves without the right to create or alter
# anything.
# SPDX-License-Identifier: MIT

load ../support/helpers

# serving SQL: runs it as the role of the programs.
serving() { PGAPPNAME=psql psql -XAtq -v ON_ERROR_STOP=1 -d "$BANTER_DATABASE_URL" -c "set search_path = banter" -c "$1" 2>&1; }

@test "roles: the programs' role can neither create nor alter, and cannot move the clock" {
	local statement
	while IFS= read -r statement; do
		run serving "$statement"
		[ "$status" != 0 ] || { echo "was allowed: $statement"; false; }
		[[ $output == *'permission denied'* || $output == *'must be owner'* || $output == *'must have admin option'* ]] || { echo "$statement: $output"; false; }
	done <<-'SQL'
		create table banter.mine (a integer)
		create table public.mine (a integer)
		create temporary table mine (a integer)
		create schema mine
		create function banter.mine() returns integer language sql as 'select 1'
		create or replace function banter.schema_range(out version integer, out oldest integer) language sql as 'select 9, 9'
		alter table banter.messages add column mine integer
		drop table banter.messages
		truncate banter.messages
		drop function banter.schema_range()
		insert into banter.schema_migrations (version) values (9)
		update banter.retention set kept_id = 1
		delete from banter.messages
		delete from banter.conversations
		delete from banter.users
		delete from banter.devices
		delete from banter.mentions
		update banter.message_keys set message_id = 1
		update banter.signing_keys set fingerprint = 'x'
		insert into banter.incarnations (number, id, system, timeline, reached_id) values (9, 9, 9, 9, 9)
		select setval('banter.clock_floor', 1)
		grant banter_owner to banter
		create role mine
	SQL
	[ "$(serving 'select version from schema_range()')" = 2 ]
}

@test "roles: everything in the schema belongs to the owner, and other roles may not call its functions" {
	[ -z "$(psql_banter "
		select c.oid::regclass from pg_class c where c.relnamespace = 'banter'::regnamespace and c.relowner <> 'banter_owner'::regrole
		union all
		select p.oid::regprocedure::text::regclass from pg_proc p where p.pronamespace = 'banter'::regnamespace and p.proowner <> 'banter_owner'::regrole")" ]
	[ -z "$(psql_banter "
		select p.oid::regprocedure
		from pg_proc p, aclexplode(p.proacl) a
		where p.pronamespace = 'banter'::regnamespace
			and a.grantee not in ('banter'::regrole, 'banter_owner'::regrole)")" ]
	[ -z "$(psql_banter "select p.oid::regprocedure from pg_proc p where p.pronamespace = 'banter'::regnamespace and p.proacl is null")" ]
}

@test "roles: a function that runs with its owner's rights names its search_path, and pg_temp last" {
	[ -z "$(psql_banter "
		select p.oid::regprocedure
		from pg_proc p
		where p.pronamespace = 'banter'::regnamespace
			and p.prosecdef
			and not coalesce('search_path=banter, pg_temp' = any (p.proconfig), false)")" ]
}

# admin DATABASE [ARGUMENT…]: runs psql as the administrator of the private server.
admin() { psql -XAtq -v ON_ERROR_STOP=1 -h "$BANTER_STATE/socket" -U postgres -d "$@"; }
# load DATABASE: loads the SQL as the owner.
load() { psql -XAtq -v ON_ERROR_STOP=1 -h "$BANTER_STATE/socket" -U banter_owner -d "$1" -f "$ROOT/sql/load.sql" 2>&1; }

@test "roles: a table without a row in grants.sql is an error of the load, and gets no rights" {
	[ -S "$BANTER_STATE/socket/.s.PGSQL.5432" ] || skip 'the PostgreSQL is not the private one'
	local database=granted_$$
	admin postgres -v database=$database -f "$ROOT/sql/roles.sql"
	load $database
	psql -XAtq -h "$BANTER_STATE/socket" -U banter_owner -d $database -c 'create table banter.mine (a integer)'
	run load $database
	[ "$status" != 0 ]
	[[ $output == *'the rows of sql/grants.sql differ: mine'* ]]
	[ "$(admin $database -c "select has_table_privilege('banter', 'banter.mine', 'select, insert, update, delete')")" = f ]
	admin postgres -c "drop database $database"
}

@test "roles: the owner can run each function that operations.md names" {
	[ -S "$BANTER_STATE/socket/.s.PGSQL.5432" ] || skip 'the PostgreSQL is not the private one'
	local database=operated_$$ statement
	admin postgres -v database=$database -f "$ROOT/sql/roles.sql"
	load $database
	grep -oE 'select [a-z_* ]*banter\.[a-z_]+\(\)' "$ROOT/docs/operations.md" | sort -u >"$BATS_TEST_TMPDIR/statements"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/statements")" -ge 5 ]
	while IFS= read -r statement; do
		psql -XAtq -v ON_ERROR_STOP=1 -h "$BANTER_STATE/socket" -U banter_owner -d $database -c "$statement" || { echo "$statement"; return 1; }
	done <"$BATS_TEST_TMPDIR/statements"
	admin postgres -c "drop database $database"
}

# owner_of DATABASE: prints the owner of its table users.
owner_of() { psql -XAtq -h "$BANTER_STATE/socket" -U postgres -d "$1" -c "select tableowner from pg_tables where schemaname = 'banter' and tablename = 'users'"; }

@test "roles: a database of a single role is handed to the owner, and its sessions work on" {
	[ -S "$BANTER_STATE/socket/.s.PGSQL.5432" ] || skip 'the PostgreSQL is not the private one'
	local admin=(psql -XAtq -v ON_ERROR_STOP=1 -h "$BANTER_STATE/socket" -U postgres) database=one_role_$$
	"${admin[@]}" -d postgres -c "create database $database owner banter template template0"
	psql -XAtq -v ON_ERROR_STOP=1 -h "$BANTER_STATE/socket" -U banter -d "$database" -f "$ROOT/sql/load.sql"
	[ "$(owner_of "$database")" = banter ]
	coproc SESSION { PGOPTIONS='-c search_path=banter' psql -XAtq -h "$BANTER_STATE/socket" -U banter -d "$database" 2>&1 3>&- 4>&-; }
	echo "prepare register as select user_id from user_register(\$1, null, 'hash'); execute register('before');" >&"${SESSION[1]}"
	read -r -t 20 before <&"${SESSION[0]}"
	"${admin[@]}" -d postgres -v database="$database" -f "$ROOT/sql/roles.sql"
	echo "execute register('between');" >&"${SESSION[1]}"
	read -r -t 20 between <&"${SESSION[0]}"
	psql -XAtq -v ON_ERROR_STOP=1 -h "$BANTER_STATE/socket" -U banter_owner -d "$database" -f "$ROOT/sql/load.sql"
	echo "execute register('after');" >&"${SESSION[1]}"
	read -r -t 20 after <&"${SESSION[0]}"
	echo '\q' >&"${SESSION[1]}"
	[ "$(owner_of "$database")" = banter_owner ]
	"${admin[@]}" -d postgres -c "drop database $database"
	[[ "$before $between $after" =~ ^[0-9]+\ [0-9]+\ [0-9]+$ ]] || { echo "$before / $between / $after"; false; }
}
