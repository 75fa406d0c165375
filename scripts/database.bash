# The database: how the private PostgreSQL is started, and how the SQL is loaded. Sourced by
# scripts/parts.bash.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2153,SC2154

start_postgres() {
	local data=$STATE/postgres/15 option options=()
	postgres_take_over "$data"
	if [ ! -d "$data" ]; then
		rm -rf "$data.new"
		"${as_owner[@]}" initdb -D "$data.new" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-instructions >"$STATE/run/initdb.log" 2>&1 ||
			{ cat "$STATE/run/initdb.log" >&2; return 1; }
		mv "$data.new" "$data"
	fi
	for option in \
		listen_addresses= unix_socket_directories="$SOCKETS" unix_socket_permissions=0700 \
		fsync=on synchronous_commit=on full_page_writes=on wal_compression=on max_wal_size=2GB checkpoint_timeout=15min \
		shared_buffers="$BANTER_POSTGRES_BUFFERS" max_connections="$BANTER_POSTGRES_CONNECTIONS" \
		shared_preload_libraries=plpgsql \
		jit=off random_page_cost=1.1 timezone=UTC \
		autovacuum_vacuum_cost_limit=1000 \
		log_line_prefix='%m [%p] %a %e ' log_min_duration_statement=2000 log_parameter_max_length=0; do
		options+=(-c "$option")
	done
	launch postgres postgres -D "$data" "${options[@]}"
	part_ready postgres 60 postgres_answers
}

postgres_answers() { pg_isready -q -h "$SOCKETS" -U postgres -d postgres; }

# Stops a PostgreSQL that runs without our pid file, then removes its pid file and its sockets. A
# stale pid file would keep the next PostgreSQL from starting if another process now has its number.
postgres_take_over() {
	local data=$1 pid
	pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null)
	if [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd")" = "$data" ]; then
		"${as_owner[@]}" pg_ctl -D "$data" -s -m fast -t 60 stop
	fi
	wait_until 30 no_process_in "$data" || return 1
	rm -f "$data/postmaster.pid" "$SOCKETS"/.s.PGSQL.*
}

no_process_in() { ! readlink /proc/[0-9]*/cwd | grep -qxF "$1"; }

# url_open URL: sets secret to the password of a URL of PostgreSQL or Redis, and target to the URL
# without it. Accepts the keywords of libpq too. Only target may stand in an argument list.
url_open() {
	target=$1 secret=''
	if [[ $target =~ ^([a-z]+://[^:@/?]*):([^@/?]*)@(.*)$ ]]; then
		target=${BASH_REMATCH[1]}@${BASH_REMATCH[3]} secret=${BASH_REMATCH[2]}
	elif [[ $target =~ ^([a-z]+://.*[?\&])password=([^\&]*)\&?(.*)$ ]]; then
		target=${BASH_REMATCH[1]}${BASH_REMATCH[3]} secret=${BASH_REMATCH[2]}
	elif [[ $target =~ ^(|.*[[:space:]])password[[:space:]]*=[[:space:]]*(\'[^\']*\'|[^[:space:]]+)(.*)$ && $target != *://* ]]; then
		target=${BASH_REMATCH[1]}${BASH_REMATCH[3]} secret=${BASH_REMATCH[2]}
		secret=${secret#\'} secret=${secret%\'}
		return
	fi
	secret=${secret//\\/\\\\}
	printf -v secret %b "${secret//%/\\x}"
}

# psql_at URL [ARGUMENT…]: runs psql on a database. The password is in its environment, because
# every user can read the arguments of a process.
psql_at() {
	local target secret
	url_open "$1"
	shift
	if [ -n "$secret" ]; then export PGPASSWORD=$secret; fi
	exec "${as_owner[@]}" psql -X -d "$target" "$@"
}

# Creates or updates the schema. Repeats a load that did not get a lock in time: it has changed
# nothing. Prints the error of the last try when all tries have failed.
MIGRATE_TRIES=20
migrate() {
	local log=$STATE/run/migrate.log try
	for ((try = 1; try <= MIGRATE_TRIES; try++)); do
		if migrate_once >"$log.last" 2>&1; then
			cat "$log.last" >>"$log"
			return
		fi
		cat "$log.last" >>"$log"
		grep -qE 'lock timeout|deadlock detected' "$log.last" || break
		sleep 0.5
	done
	tail -n 8 "$log.last" >&2
	return 1
}

# Loads the SQL once. In the private PostgreSQL it creates the roles and the database first, as an
# administrator would.
migrate_once() {
	if $own_postgres; then
		"${as_owner[@]}" psql -Xq -h "$SOCKETS" -U postgres -d postgres -f "$SHARE/sql/roles.sql" || return
	fi
	(psql_at "$BANTER_DATABASE_OWNER_URL" -q -v ON_ERROR_STOP=1 -f "$SHARE/sql/load.sql")
}
