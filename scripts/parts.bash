# The parts of a running Banter: how each is started, known to be ready, and stopped. Sourced by scripts/stack and scripts/run.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2119,SC2120

# The settings of these scripts; those of the programs are shown by `banter-api --help`.
SETTINGS=(
	"BANTER_STATE=var                   the folder of data, sockets, secrets and logs"
	"BANTER_BUILD=build                 the folder of the programs to run"
	"BANTER_USER=banter                 who runs them when root starts them"
	"BANTER_LISTEN=127.0.0.1            address of the front door (lighttpd)"
	"BANTER_PORT=8080                   port of the front door"
	"BANTER_PUSH_LISTEN=127.0.0.1       address of push's own port"
	"BANTER_PUSH_PORT=8081              push's own port"
	"BANTER_DATABASE_URL=               a PostgreSQL elsewhere; without it a private one in the state folder"
	"BANTER_REDIS_URL=                  a Redis elsewhere; without it a private one in the state folder"
	"BANTER_DRAIN_SECONDS=5             how long a part may take to end"
	"BANTER_POSTGRES_BUFFERS=256MB      shared_buffers of the private PostgreSQL"
	"BANTER_POSTGRES_CONNECTIONS=100    max_connections of the private PostgreSQL"
)

# In the order of starting; stopped in the other. A further push process is called push@PORT.
PARTS=(postgres redis api push lighttpd)

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PATH=$PATH:/usr/sbin:/usr/lib/postgresql/15/bin
umask 022

say() { printf '%s\n' "$*"; }
die() { printf 'banter: %s\n' "$*" >&2; exit 1; }

# ---- settings and places ----

# Takes what is not in the environment from what this state folder was last started with.
settings_recall() {
	local row name
	state_find
	[ -r "$STATE/run/settings" ] || return 0
	while IFS= read -r row; do
		name=${row%%=*}
		[ -n "${!name-}" ] || eval "$row"
	done <"$STATE/run/settings"
}

# Gives every setting its value, and the default to those that have none; exports them to the parts.
settings_read() {
	local row name
	state_find
	for row in "${SETTINGS[@]}"; do
		row=${row%% *} name=${row%%=*}
		[ -n "${!name-}" ] || printf -v "$name" %s "${row#*=}"
	done

	local own_database="postgresql:///banter?host=$SOCKETS&user=banter" own_cache="unix://$SOCKETS/redis.sock"
	: "${BANTER_DATABASE_URL:=$own_database}" "${BANTER_REDIS_URL:=$own_cache}"
	own_postgres=false own_redis=false
	if [ "$BANTER_DATABASE_URL" = "$own_database" ]; then own_postgres=true; fi
	if [ "$BANTER_REDIS_URL" = "$own_cache" ]; then own_redis=true; fi
	: "${BANTER_SECRETS_DIR:=$STATE/secrets}" "${BANTER_API_SOCKET:=$SOCKETS/api.sock}"
	export BANTER_WEB=$SHARE/web
	URL=http://$BANTER_LISTEN:$BANTER_PORT
	for name in "${!BANTER_@}"; do export "${name?}"; done

	# as_owner is put before a command that root must not run itself.
	as_owner=(env -C "$STATE" HOME=/nonexistent)
	if [ "$(id -u)" = 0 ]; then
		as_owner=(setpriv "--reuid=$BANTER_USER" "--regid=$BANTER_USER" --init-groups env -C "$STATE" HOME=/nonexistent)
	fi
}

settings_record() {
	local name
	(umask 077 && for name in "${!BANTER_@}"; do printf '%s=%q\n' "$name" "${!name}"; done >"$STATE/run/settings")
}

# The state folder and what lies in it. Only postgres, socket and secrets belong to the user who runs the parts.
state_find() {
	STATE=${BANTER_STATE:-var}
	case $STATE in /*) ;; *) STATE=$ROOT/$STATE ;; esac
	STATE=$(readlink -m "$STATE")
	SOCKETS=$STATE/socket SHARE=$STATE/opt/share/banter
}

state_make() {
	local wanted=${BANTER_STATE:-var} place
	if [ "$(id -u)" = 0 ] && ! id -u "$BANTER_USER" >/dev/null 2>&1; then
		useradd --system --user-group --no-create-home --shell /usr/sbin/nologin "$BANTER_USER" || die "cannot create the user $BANTER_USER"
	fi
	{ mkdir -p "$STATE" && chmod 711 "$STATE"; } || die "cannot make the state folder $STATE"
	if ! "${as_owner[@]}" true 2>/dev/null; then
		# A checkout in a closed folder of root: the state goes where the user can reach it, and the folder becomes a link to it.
		case $wanted in /*) ;; *) wanted=$ROOT/$wanted ;; esac
		rmdir "$wanted" 2>/dev/null || die "the user $BANTER_USER cannot reach $STATE; set BANTER_STATE to another folder"
		{ place=$(mktemp -d /var/lib/banter-XXXXXX) && chmod 711 "$place" && ln -s "$place" "$wanted"; } || die "cannot make $place"
		settings_moved "$place"
	fi
	[ ${#SOCKETS} -le 85 ] || die "the path of $STATE is too long for Unix sockets; set BANTER_STATE to a shorter one"
	mkdir -p "$STATE"/{run,log,opt,postgres,socket,secrets}
	chmod 700 "$STATE"/{log,postgres,socket,secrets}
	if [ "$(id -u)" = 0 ]; then chown "$BANTER_USER:" "$STATE"/{postgres,socket,secrets}; fi
}

# Everything that was derived from the old place of the state folder is derived anew.
settings_moved() {
	local name
	for name in BANTER_DATABASE_URL BANTER_REDIS_URL BANTER_SECRETS_DIR BANTER_API_SOCKET; do
		[[ ${!name} != *"$STATE"* ]] || unset "$name"
	done
	settings_read
}

# Copies what runs into the state folder: the checkout may be out of reach for the user who runs it, or change under way.
code_install() {
	local target=$1
	flock "$ROOT/Makefile" env -u MAKEFLAGS -u MAKELEVEL make -s --no-print-directory -j2 -C "$ROOT" \
		BUILD="$BANTER_BUILD" DESTDIR="$STATE/opt" PREFIX= "$target" >"$STATE/log/install.log" 2>&1 ||
		{ cat "$STATE/log/install.log" >&2; die "the build has failed"; }
}

# ---- processes: a pid file holds the number and the birth of a process, so that no stranger with its number is ever taken for it ----

process_born() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
	read -ra stat <<<"${stat##*) }"
	[ "${stat[0]}" != Z ] && echo "${stat[19]}"
}

# Prints the number of a part's process; false when it is not running.
part_pid() {
	local pid born
	{ read -r pid born <"$STATE/run/$1.pid"; } 2>/dev/null || return 1
	[ "$(process_born "$pid")" = "$born" ] && echo "$pid"
}

# Has been started, has not been stopped, and is gone.
part_died() { [ -e "$STATE/run/$1.pid" ] && ! part_pid "$1" >/dev/null; }

part_wanted() {
	case $1 in
	postgres) $own_postgres ;;
	redis) $own_redis ;;
	*) true ;;
	esac
}

# Every part that has been started, in the order of starting.
parts_started() {
	local part file
	for part in "${PARTS[@]}"; do
		for file in "$STATE/run/$part".pid "$STATE/run/$part"@*.pid; do
			file=${file##*/}
			if [ -e "$STATE/run/$file" ]; then echo "${file%.pid}"; fi
		done
	done
}

# launch PART COMMAND…: runs it in a session of its own (Ctrl-C is not for it), its output in the part's log. It keeps nothing of ours open:
# not the lock of scripts/run (9), nor what bats listens on (3, 4).
launch() {
	local part=$1 log=$STATE/log/$1.log pid
	shift
	if [ "$(stat -c %s "$log" 2>/dev/null || echo 0)" -gt 20000000 ]; then mv "$log" "$log.1"; fi
	"${as_owner[@]}" setsid "$@" </dev/null >>"$log" 2>&1 3>&- 4>&- 9>&- &
	pid=$!
	echo "$pid $(process_born "$pid")" >"$STATE/run/$part.pid"
}

# wait_until SECONDS COMMAND…: true as soon as the command is.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.05
	done
}

part_ready_or_dead() {
	local part=$1
	shift
	"$@" || ! part_pid "$part"
}

# part_ready PART SECONDS COMMAND…: waits for it to be ready; on failure shows the end of its log.
part_ready() {
	local part=$1 seconds=$2
	shift 2
	if wait_until "$seconds" part_ready_or_dead "$part" "$@" && part_pid "$part" >/dev/null; then return; fi
	tail -n 8 "$STATE/log/$part.log" | sed "s/^/$part: /" >&2
	say "banter: $part does not start (all of its log: $STATE/log/$part.log)" >&2
	return 1
}

port_free() {
	if (: <"/dev/tcp/$1/$2") 2>/dev/null; then
		say "banter: port $2 is in use by another program; set BANTER_PORT (front door) or BANTER_PUSH_PORT (push)" >&2
		return 1
	fi
}

# ---- the parts ----

# parts_start [PART…]: starts all parts, or these, each when the one before is ready. All: with the code and the SQL as they are now; a
# single part comes back as it was.
parts_start() {
	local part parts=("$@") fresh=false
	if [ $# = 0 ]; then parts=("${PARTS[@]}") fresh=true; fi
	if [ ! -e "$STATE/run/settings" ] || [ ! -d "$SHARE" ]; then fresh=true; fi
	if $fresh; then settings_record; fi
	case " ${parts[*]} " in
	*" api "* | *" push"* | *" lighttpd "*) if $fresh || [ ! -d "$STATE/opt/bin" ]; then code_install install; fi ;;
	*) if $fresh; then code_install install-share; fi ;;
	esac
	for part in "${parts[@]}"; do
		part_start "$part" || die "$part has not started"
		if [ "$part" = postgres ] && $fresh; then migrate || die "the SQL cannot be loaded"; fi
	done
	case " ${parts[*]} " in
	*" lighttpd "*) wait_until 30 curl -sf -m 5 -o /dev/null "$URL/readyz" || die "not ready: $(curl -s -m 5 "$URL/readyz")" ;;
	esac
}

part_start() {
	part_wanted "$1" && ! part_pid "$1" >/dev/null || return 0
	case $1 in
	push@*) start_push "$1" "${1#push@}" ;;
	push) start_push push "$BANTER_PUSH_PORT" ;;
	*) "start_$1" ;;
	esac
}

start_postgres() {
	local data=$STATE/postgres/15 option options=()
	postgres_take_over "$data"
	if [ ! -d "$data" ]; then
		rm -rf "$data.new"
		"${as_owner[@]}" initdb -D "$data.new" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-instructions >"$STATE/log/initdb.log" 2>&1 ||
			{ cat "$STATE/log/initdb.log" >&2; return 1; }
		mv "$data.new" "$data"
	fi
	for option in \
		listen_addresses= unix_socket_directories="$SOCKETS" unix_socket_permissions=0700 \
		fsync=on synchronous_commit=on full_page_writes=on wal_compression=on max_wal_size=2GB checkpoint_timeout=15min \
		shared_buffers="$BANTER_POSTGRES_BUFFERS" max_connections="$BANTER_POSTGRES_CONNECTIONS" \
		jit=off random_page_cost=1.1 timezone=UTC \
		autovacuum_vacuum_scale_factor=0.05 autovacuum_vacuum_cost_limit=1000 \
		log_line_prefix='%m [%p] %a %e ' log_min_duration_statement=2000 log_parameter_max_length=0; do
		options+=(-c "$option")
	done
	launch postgres postgres -D "$data" "${options[@]}"
	part_ready postgres 60 pg_isready -q -h "$SOCKETS" -U postgres -d postgres
}

# A server that outlived its pid file is stopped; the files of one that did not live on must not keep the next from starting, as they
# would when another process has got its number.
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

start_redis() {
	rm -f "$SOCKETS/redis.sock"
	launch redis redis-server --port 0 --unixsocket "$SOCKETS/redis.sock" --unixsocketperm 700 \
		--save '' --appendonly no --daemonize no --dir "$SOCKETS" --client-output-buffer-limit pubsub 64mb 32mb 30
	part_ready redis 10 redis_ping
}

redis_ping() { [ "$("${as_owner[@]}" redis-cli -s "$SOCKETS/redis.sock" ping)" = PONG ]; }

start_api() {
	rm -f "$BANTER_API_SOCKET"
	launch api "$STATE/opt/bin/banter-api"
	part_ready api 30 test -S "$BANTER_API_SOCKET"
}

start_push() {
	port_free "$BANTER_PUSH_LISTEN" "$2" || return 1
	launch "$1" env BANTER_PUSH_PORT="$2" "$STATE/opt/bin/banter-push"
	part_ready "$1" 30 curl -sf -m 5 -o /dev/null "http://$BANTER_PUSH_LISTEN:$2/healthz"
}

start_lighttpd() {
	port_free "$BANTER_LISTEN" "$BANTER_PORT" || return 1
	# lighttpd writes the query of a request into some error lines; a stream's ticket must not get into a log.
	# shellcheck disable=SC2016
	launch lighttpd bash -c 'exec lighttpd -D -f "$0" 2> >(exec sed -u "s/?[^ ]*/?.../")' "$SHARE/lighttpd.conf"
	part_ready lighttpd 10 curl -s -m 5 -o /dev/null "$URL/healthz"
}

# Creates or updates the schema. In the private PostgreSQL the role and the database are made first, as an administrator would.
migrate() {
	local log=$STATE/log/migrate.log
	{
		if $own_postgres; then "${as_owner[@]}" psql -Xq -h "$SOCKETS" -U postgres -d postgres -f "$SHARE/sql/roles.sql"; fi &&
			"${as_owner[@]}" psql -Xq -v ON_ERROR_STOP=1 -d "$BANTER_DATABASE_URL" -f "$SHARE/sql/load.sql"
	} >>"$log" 2>&1 || { tail -n 8 "$log" >&2; return 1; }
}

# ---- stopping ----

# part_signal PART SIGNAL: to the whole part; postgres and lighttpd tell their children themselves.
part_signal() {
	local pid backends
	pid=$(part_pid "$1") || return 0
	case $1:$2 in
	postgres:STOP | postgres:CONT) # its backends are groups of their own
		mapfile -t backends < <(pgrep -P "$pid")
		"${as_owner[@]}" kill -s "$2" -- "$pid" "${backends[@]}" 2>/dev/null || true
		;;
	*:KILL | *:STOP | *:CONT) "${as_owner[@]}" kill -s "$2" -- "-$pid" 2>/dev/null || true ;;
	*) "${as_owner[@]}" kill -s "$2" -- "$pid" 2>/dev/null || true ;;
	esac
}

part_gone() { ! part_pid "$1"; }

# Asks a part to end.
part_ask() {
	part_signal "$1" CONT
	case $1 in
	postgres | lighttpd) part_signal "$1" INT ;;
	*) part_signal "$1" TERM ;;
	esac
}

# Waits for a part that was asked to end, and makes an end of it when it does not.
part_stop() {
	part_ask "$1"
	if ! wait_until $((BANTER_DRAIN_SECONDS + 5)) part_gone "$1"; then
		say "banter: $1 does not end, killed" >&2
		part_signal "$1" KILL
		wait_until 5 part_gone "$1" || true
	fi
	rm -f "$STATE/run/$1.pid"
}

# The front door closes first, but what is open there ends with push's farewell.
parts_stop() {
	local part
	if part_pid lighttpd >/dev/null; then part_ask lighttpd; fi
	for part in $(parts_started); do
		case $part in push*) part_ask "$part" ;; esac
	done
	for part in $(parts_started | tac); do part_stop "$part"; done
	rm -f "$STATE/run/settings"
}
