# Two PostgreSQL servers, a primary `a` and its standby `b`, for tests of failover. A test calls
# pair_start, and its teardown pair_end.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154

PATH=$PATH:/usr/lib/postgresql/15/bin

# pair_owner COMMAND…: runs it as the user who runs PostgreSQL, because root must not.
pair_owner() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid="${BANTER_USER:-banter}" --regid="${BANTER_USER:-banter}" --init-groups env -C / HOME=/nonexistent "$@"
	else
		"$@"
	fi
}

# pair_place NAME: prints the folder of a server's data. pair_socket NAME: prints that of its
# socket, which a base backup must not copy.
pair_place() { echo "$PAIR/$1"; }
pair_socket() { echo "$PAIR/$1.socket"; }
pair_psql() { pair_owner psql -XAtq -v ON_ERROR_STOP=1 -h "$(pair_socket "$1")" -U postgres -d "${3:-postgres}" -c "$2"; }

# pair_primary [SETTING…]: makes and starts the primary.
# shellcheck disable=SC2120
pair_primary() {
	PAIR=$(mktemp -d "${BANTER_TEST_WORK:-${TMPDIR:-/tmp}}/pair.XXXX")
	chmod 755 "$PAIR"
	if [ "$(id -u)" = 0 ]; then
		id -u "${BANTER_USER:-banter}" >/dev/null 2>&1 || useradd --system --user-group --no-create-home --shell /usr/sbin/nologin "${BANTER_USER:-banter}"
		chown "${BANTER_USER:-banter}:" "$PAIR"
	fi
	pair_owner initdb -D "$(pair_place a)" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-instructions >/dev/null
	pair_settings a <<-TXT
		listen_addresses = ''
		shared_buffers = 64MB
		max_connections = 100
		wal_sender_timeout = 5s
		wal_receiver_timeout = 5s
		shared_preload_libraries = 'plpgsql'
		jit = off
		$(printf '%s\n' "$@")
	TXT
	pair_server a start
	pair_owner psql -Xq -h "$(pair_socket a)" -U postgres -d postgres -f "$ROOT/sql/roles.sql" >/dev/null
}

# pair_start sync|async: starts the primary, and a standby that streams from it. Sets the URLs of
# the database, which name both.
pair_start() {
	local mode=$1
	pair_primary
	pair_owner pg_basebackup -h "$(pair_socket a)" -U postgres -D "$(pair_place b)" -X stream -c fast -R
	pair_settings b <<-TXT
		primary_conninfo = 'host=$(pair_socket a) user=postgres application_name=b'
	TXT
	pair_server b start
	wait_until 30 pair_streams || return 1
	if [ "$mode" = sync ]; then
		pair_psql a "alter system set synchronous_standby_names = 'b'" && pair_psql a 'select pg_reload_conf()' >/dev/null
		wait_until 30 pair_is_synchronous || return 1
	fi
	local both
	both="postgresql:///banter?host=$(pair_socket a),$(pair_socket b)&target_session_attrs=read-write"
	export BANTER_DATABASE_URL="$both&user=banter" BANTER_DATABASE_OWNER_URL="$both&user=banter_owner"
}

# pair_settings NAME: appends standard input and the folder of the socket to a server's settings.
pair_settings() {
	pair_owner mkdir -p "$(pair_socket "$1")"
	{ cat && echo "unix_socket_directories = '$(pair_socket "$1")'"; } | pair_owner tee -a "$(pair_place "$1")/postgresql.auto.conf" >/dev/null
}

pair_server() { pair_owner pg_ctl -D "$(pair_place "$1")" -l "$(pair_place "$1")/server.log" -s -w -t 60 "${@:2}" 3>&- 4>&-; }

pair_streams() { [ "$(pair_psql a "select count(*) from pg_stat_replication where state = 'streaming'")" = 1 ]; }
pair_is_synchronous() { [ "$(pair_psql a "select sync_state from pg_stat_replication")" = sync ]; }
pair_is_behind() { [ "$(pair_psql a "select count(*) from pg_stat_replication")" = 0 ]; }

# Ends the streaming, so that the primary acknowledges commits that the standby never gets.
pair_cut() {
	pair_psql b "alter system set primary_conninfo = ''"
	pair_psql b 'select pg_reload_conf()' >/dev/null
	wait_until 30 pair_is_behind
}

# Kills all processes of the primary at once, as a crash of its machine does.
pair_kill() {
	local pid processes
	pid=$(head -n 1 "$(pair_place a)/postmaster.pid")
	mapfile -t processes < <(pgrep -P "$pid")
	pair_owner kill -s KILL -- "$pid" "${processes[@]}" 2>/dev/null || true
	wait_until 10 pair_is_dead "$pid"
}
pair_is_dead() { ! kill -0 "$1" 2>/dev/null; }

pair_promote() { pair_server b promote; }

pair_end() {
	local name
	[ -n "${PAIR-}" ] || return 0
	for name in b a; do [ ! -d "$(pair_place $name)" ] || pair_server "$name" stop -m immediate 2>/dev/null || true; done
	rm -rf "$PAIR"
}
