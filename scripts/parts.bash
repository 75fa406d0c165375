# The parts of a running server: how each is started, checked and stopped. Sourced by scripts/stack
# and scripts/run.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2119,SC2120,SC2153

# The settings of these scripts. `banter-api --help` prints those of the programs.
SETTINGS=(
	"BANTER_STATE=var                   the folder of data, sockets, secrets and logs"
	"BANTER_BUILD=build                 the folder of the programs to run"
	"BANTER_USER=banter                 who runs them when root starts them"
	"BANTER_LISTEN=127.0.0.1            address of the front door"
	"BANTER_PORT=8080                   port of the front door"
	"BANTER_CONNECTIONS=5000            connections that the front door serves at once"
	"BANTER_CONNECTIONS_PER_ADDRESS=1000 of them for one address, or IPv6 network of 64 bits; 0: no limit, and no HAProxy before lighttpd"
	"BANTER_PUSH_LISTEN=127.0.0.1       address of push's own port"
	"BANTER_PUSH_PORT=8081              push's own port"
	"BANTER_TLS_CERTIFICATE=            certificate chain for the front door, as a path from /; self-signed: one is made, to try TLS out"
	"BANTER_TLS_KEY=                    its key; without it the key stands in the same file"
	"BANTER_DATABASE_URL=               a PostgreSQL elsewhere; without it a private one in the state folder"
	"BANTER_DATABASE_OWNER_URL=         the same for the role that loads the SQL; without it BANTER_DATABASE_URL. The programs do not get it"
	"BANTER_REDIS_URL=                  a Redis elsewhere; without it a private one in the state folder"
	"BANTER_DRAIN_SECONDS=5             how long a part may take to end"
	"BANTER_LOG_BYTES=100000000         size at which a log becomes PART.log.1; 0: never"
	"BANTER_POSTGRES_BUFFERS=256MB      shared_buffers of the private PostgreSQL"
	"BANTER_POSTGRES_CONNECTIONS=100    max_connections of the private PostgreSQL"
)

# In the order of starting; they are stopped in reverse. A further push process is called push@PORT.
PARTS=(postgres redis api push lighttpd haproxy)

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034
VERSION=$(<"$ROOT/VERSION")
PATH=$PATH:/usr/sbin:/usr/lib/postgresql/15/bin
umask 022

# shellcheck source=scripts/front.bash
. "$ROOT/scripts/front.bash"
# shellcheck source=scripts/database.bash
. "$ROOT/scripts/database.bash"

say() { printf '%s\n' "$*"; }
die() { printf 'banter: %s\n' "$*" >&2; exit 1; }

# ---- settings and places ----

# Sets what is missing in the environment to the values of this state folder's last start.
settings_recall() {
	local row name
	state_find
	[ -r "$STATE/run/settings" ] || return 0
	while IFS= read -r row; do
		name=${row%%=*}
		[ -n "${!name-}" ] || eval "$row"
	done <"$STATE/run/settings"
}

# Sets every setting, with its default where it has no value, and exports all of them.
settings_read() {
	local row name
	state_find
	for row in "${SETTINGS[@]}"; do
		row=${row%% *} name=${row%%=*}
		[ -n "${!name-}" ] || printf -v "$name" %s "${row#*=}"
	done

	local own_database="postgresql:///banter?host=$SOCKETS&user=banter" own_cache="unix://$SOCKETS/redis.sock"
	local own_owner="postgresql:///banter?host=$SOCKETS&user=banter_owner"
	: "${BANTER_DATABASE_URL:=$own_database}" "${BANTER_REDIS_URL:=$own_cache}"
	own_postgres=false own_redis=false
	if [ "$BANTER_DATABASE_URL" = "$own_database" ]; then own_postgres=true BANTER_DATABASE_OWNER_URL=$own_owner; fi
	: "${BANTER_DATABASE_OWNER_URL:=$BANTER_DATABASE_URL}"
	if [ "$BANTER_REDIS_URL" = "$own_cache" ]; then own_redis=true; fi
	: "${BANTER_SECRETS_DIR:=$STATE/secrets}" "${BANTER_API_SOCKET:=$SOCKETS/api.sock}"
	export BANTER_SHARE=$SHARE BANTER_WEB=$SHARE/web
	BANTER_LISTEN=${BANTER_LISTEN//[][]/} BANTER_PUSH_LISTEN=${BANTER_PUSH_LISTEN//[][]/}
	tls_read
	front_read
	URL=$SCHEME://$(address_in_url "$(address_to_call "$BANTER_LISTEN")"):$BANTER_PORT
	export BANTER_PUSH_HOST
	BANTER_PUSH_HOST=$(address_to_call "$BANTER_PUSH_LISTEN")
	for name in "${!BANTER_@}"; do export "${name?}"; done

	# as_owner is the prefix of commands that root must not run itself.
	as_owner=(env -C "$STATE" HOME=/nonexistent)
	if [ "$(id -u)" = 0 ]; then
		as_owner=(setpriv "--reuid=$BANTER_USER" "--regid=$BANTER_USER" --init-groups env -C "$STATE" HOME=/nonexistent)
	fi
}

# Stores the settings. On a full disk the old ones remain.
settings_record() {
	local name new=$STATE/run/settings.new
	{ (umask 077 && for name in "${!BANTER_@}"; do printf '%s=%q\n' "$name" "${!name}"; done >"$new") && mv "$new" "$STATE/run/settings"; } ||
		die "cannot write $STATE/run/settings"
}

# Sets the state folder and its parts. The user who runs the parts owns postgres, socket, secrets
# and log, and root writes nothing there.
state_find() {
	STATE=${BANTER_STATE:-var}
	case $STATE in /*) ;; *) STATE=$ROOT/$STATE ;; esac
	STATE=$(readlink -m "$STATE")
	SOCKETS=$STATE/socket SHARE=$STATE/opt/share/banter
}

state_make() {
	local wanted=${BANTER_STATE:-var} place
	# The path stands between quotation marks in the configurations of the parts.
	[[ $STATE != *[\'\"\$\\]* ]] || die "BANTER_STATE cannot have quotation marks, \$ or a backslash: $STATE"
	if [ "$(id -u)" = 0 ] && ! id -u "$BANTER_USER" >/dev/null 2>&1; then
		useradd --system --user-group --no-create-home --shell /usr/sbin/nologin "$BANTER_USER" || die "cannot create the user $BANTER_USER"
	fi
	{ mkdir -p "$STATE" && chmod 711 "$STATE"; } || die "cannot make the state folder $STATE"
	if ! "${as_owner[@]}" true 2>/dev/null; then
		# A checkout in a private folder of root: the state goes to a folder that the user
		# can reach, and a link leads there.
		case $wanted in /*) ;; *) wanted=$ROOT/$wanted ;; esac
		rmdir "$wanted" 2>/dev/null || die "the user $BANTER_USER cannot reach $STATE; set BANTER_STATE to another folder"
		{ place=$(mktemp -d /var/lib/banter-XXXXXX) && chmod 711 "$place" && ln -s "$place" "$wanted"; } || die "cannot make $place"
		settings_moved "$place"
	fi
	[ ${#SOCKETS} -le 85 ] || die "the path of $STATE is too long for Unix sockets; set BANTER_STATE to a shorter one"
	mkdir -p "$STATE"/{run,log,opt,postgres,socket,secrets}
	chmod 700 "$STATE"/{log,postgres,socket,secrets}
	if [ "$(id -u)" = 0 ]; then
		chown "$BANTER_USER:" "$STATE"/{postgres,socket,secrets}
		chown -hR "$BANTER_USER:" "$STATE/log"
	fi
}

# Derives all settings again that contained the old state folder.
settings_moved() {
	local name
	for name in BANTER_DATABASE_URL BANTER_DATABASE_OWNER_URL BANTER_REDIS_URL BANTER_SECRETS_DIR BANTER_API_SOCKET; do
		[[ ${!name} != *"$STATE"* ]] || unset "$name"
	done
	settings_read
}

# Copies the programs and data into the state folder. The user who runs them may have no access to
# the checkout, and the checkout may change.
code_install() {
	local target=$1
	flock "$ROOT/Makefile" env -u MAKEFLAGS -u MAKELEVEL make -s --no-print-directory -j2 -C "$ROOT" \
		BUILD="$BANTER_BUILD" DESTDIR="$STATE/opt" PREFIX= "$target" >"$STATE/run/install.log" 2>&1 ||
		{ cat "$STATE/run/install.log" >&2; die "the build has failed"; }
}

# ---- processes: a pid file holds a process id and the process's start time, because another
# process may get the id later ----

process_born() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
	read -ra stat <<<"${stat##*) }"
	[ "${stat[0]}" != Z ] && echo "${stat[19]}"
}

# Prints the process id of a part. Fails when the part is not running.
part_pid() {
	local pid born
	{ read -r pid born <"$STATE/run/$1.pid"; } 2>/dev/null || return 1
	[ "$(process_born "$pid")" = "$born" ] && echo "$pid"
}

# Returns whether a part was started, does not run, was not stopped, and is not being stopped.
part_died() { [ -e "$STATE/run/$1.pid" ] && ! part_pid "$1" >/dev/null && ! part_pid "stop-$1" >/dev/null; }

part_wanted() {
	case $1 in
	postgres) $own_postgres ;;
	redis) $own_redis ;;
	haproxy) [ -n "$front_socket" ] ;;
	*) true ;;
	esac
}

# Prints every part that was started, in the order of starting.
parts_started() {
	local part file
	for part in "${PARTS[@]}"; do
		for file in "$STATE/run/$part".pid "$STATE/run/$part"@*.pid; do
			file=${file##*/}
			if [ -e "$STATE/run/$file" ]; then echo "${file%.pid}"; fi
		done
	done
}

# Removes secrets from the environment of parts that do not need them. Only loading needs the
# owner's URL, and only api and push need the others.
environment_of() {
	without=(-u BANTER_DATABASE_OWNER_URL)
	case $1 in
	api | push*) ;;
	*) without+=(-u BANTER_DATABASE_URL -u BANTER_REDIS_URL -u BANTER_SECRETS_DIR) ;;
	esac
}

# launch PART COMMAND…: runs it in a session of its own, so that Ctrl-C does not reach it, with its
# output in the part's log. It inherits neither the lock of scripts/run (9) nor the descriptors of
# bats (3, 4). It writes no core dump, which would contain messages and keys.
launch() {
	local part=$1 log=$STATE/log/$1.log pid without
	environment_of "$part"
	shift
	log_rotate "$part"
	ulimit -c 0
	case $part in
	api | push*) without+=(BANTER_LOG_FILE="${BANTER_LOG_FILE:-$log}") ;;
	esac
	# The part's user opens the log, because that user owns the folder.
	# shellcheck disable=SC2016
	"${as_owner[@]}" env "${without[@]}" bash -c 'exec >>"$0" 2>&1 && exec setsid "$@"' "$log" "$@" </dev/null 3>&- 4>&- 9>&- &
	pid=$!
	# A process whose id is not on the disk could not be stopped.
	if ! { echo "$pid $(process_born "$pid")" >"$STATE/run/$part.pid" && program_stamp "$part" >"$STATE/run/$part.program"; }; then
		"${as_owner[@]}" kill -s KILL -- "$pid"
		return 1
	fi
}

# log_rotate PART: copies a log that is too large to PART.log.1 and empties it. The file itself
# stays, because the part appends to it. api and push rotate their own.
log_rotate() {
	local log=$STATE/log/$1.log
	[ "$BANTER_LOG_BYTES" != 0 ] && [ "$(stat -c %s "$log" 2>/dev/null || echo 0)" -ge "$BANTER_LOG_BYTES" ] || return 0
	# shellcheck disable=SC2016
	"${as_owner[@]}" sh -c 'cp -- "$0" "$0.1" && : >"$0"' "$log"
}

# program_stamp PART: prints a text that changes when the part's program is replaced on the disk.
program_stamp() {
	local program
	case $1 in
	postgres) program=$(type -P postgres) ;;
	redis) program=$(type -P redis-server) ;;
	lighttpd | haproxy) program=$(type -P "$1") ;;
	*) program=$STATE/opt/bin/banter-${1%%@*} ;;
	esac
	stat -Lc %d:%i:%Y "$program" 2>/dev/null || true
}

# Returns whether a part runs another program than the one on the disk. While a package is being
# unpacked, the disk may have none.
part_replaced() {
	local now before
	part_pid "$1" >/dev/null && { read -r before <"$STATE/run/$1.program"; } 2>/dev/null || return 1
	now=$(program_stamp "$1")
	[ -n "$now" ] && [ "$now" != "$before" ]
}

# Makes a part run the program on the disk. api and push replace their processes without a gap.
part_renew() {
	case $1 in
	api | push*) program_stamp "$1" >"$STATE/run/$1.program" && part_signal "$1" HUP ;;
	*) part_stop "$1" && part_start "$1" ;;
	esac
}

# wait_until SECONDS COMMAND…: waits until the command succeeds. Fails when the time is over.
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

# part_ready PART SECONDS COMMAND…: waits until the part is ready. On failure prints the end of its
# log.
part_ready() {
	local part=$1 seconds=$2
	shift 2
	if wait_until "$seconds" part_ready_or_dead "$part" "$@" && part_pid "$part" >/dev/null; then return; fi
	tail -n 8 "$STATE/log/$part.log" | sed "s/^/$part: /" >&2
	say "banter: $part does not start (all of its log: $STATE/log/$part.log)" >&2
	return 1
}

# ports_free PART…: checks the ports of these parts before anything is built. Names each port that
# another program uses.
ports_free() {
	local part free=true
	for part; do
		if part_pid "$part" >/dev/null; then continue; fi
		case $part in
		lighttpd | haproxy) ! front_listens "$part" || port_free "$BANTER_LISTEN" "$BANTER_PORT" || free=false ;;
		push) port_free "$BANTER_PUSH_LISTEN" "$BANTER_PUSH_PORT" || free=false ;;
		push@*) port_free "$BANTER_PUSH_LISTEN" "${part#push@}" || free=false ;;
		esac
	done
	$free
}

port_free() {
	if (: <"/dev/tcp/$1/$2") 2>/dev/null; then
		say "banter: port $2 is in use by another program; set BANTER_PORT (front door) or BANTER_PUSH_PORT (push)" >&2
		return 1
	fi
}

# ---- the parts ----

# parts_start [PART…]: starts all parts, or these, each when the one before is ready. Without
# arguments it installs the current code and SQL first. A single part starts with what is installed.
parts_start() {
	local part parts=("$@") fresh=false
	if [ $# = 0 ]; then
		mapfile -t parts < <({ printf '%s\n' "${PARTS[@]}" && parts_started | grep @; } || true)
		fresh=true
	fi
	if [ ! -e "$STATE/run/settings" ] || [ ! -d "$SHARE" ]; then fresh=true; fi
	ports_free "${parts[@]}" || exit 1
	if $fresh; then settings_record; fi
	case " ${parts[*]} " in
	*" api "* | *" push"* | *" lighttpd "*) if $fresh || [ ! -d "$STATE/opt/bin" ]; then code_install install; fi ;;
	*) if $fresh; then code_install install-share; fi ;;
	esac
	for part in "${parts[@]}"; do
		if part_replaced "$part" && { [ "$part" != api ] && [[ $part != push* ]] || $fresh; }; then part_renew "$part" || die "$part has not started again"; fi
		part_start "$part" || die "$part has not started"
		if [ "$part" = postgres ] && $fresh; then migrate || die "the SQL cannot be loaded"; fi
	done
	case " ${parts[*]} " in
	*" lighttpd "* | *" haproxy "*) wait_until 30 curl_front -f -o /dev/null "$URL/readyz" || die "not ready: $(curl_front "$URL/readyz")" ;;
	esac
}

part_start() {
	part_wanted "$1" || return 0
	if part_pid "$1" >/dev/null; then
		# A PostgreSQL whose disk was full may run without serving.
		[ "$1" = postgres ] && ! wait_until 60 postgres_answers || return 0
		part_stop postgres
	fi
	case $1 in
	push@*) start_push "$1" "${1#push@}" ;;
	push) start_push push "$BANTER_PUSH_PORT" ;;
	*) "start_$1" ;;
	esac
}

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
	part_ready "$1" 30 curl -sf -m 5 -o /dev/null "http://$(address_in_url "$BANTER_PUSH_HOST"):$2/healthz"
}

# ---- stopping ----

# part_signal PART SIGNAL: signals all processes of the part. postgres and lighttpd pass signals to
# their children themselves.
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

# HAProxy ends at once, or with USR1 when its last connection ends, after push has closed the
# streams.
haproxy_stop=TERM

# Asks a part to end.
part_ask() {
	part_signal "$1" CONT
	case $1 in
	postgres | lighttpd) part_signal "$1" INT ;;
	haproxy) part_signal "$1" "$haproxy_stop" ;;
	*) part_signal "$1" TERM ;;
	esac
}

# Stops a part. Kills it when it does not end in time.
part_stop() {
	# scripts/run does not restart the part meanwhile. The disk may be full.
	{ echo "$$ $(process_born $$)" >"$STATE/run/stop-$1.pid"; } 2>/dev/null || true
	part_ask "$1"
	if ! wait_until $((BANTER_DRAIN_SECONDS + 5)) part_gone "$1"; then
		say "banter: $1 does not end, killed" >&2
		part_signal "$1" KILL
		wait_until 5 part_gone "$1" || true
	fi
	rm -f "$STATE/run/$1.pid" "$STATE/run/$1.program" "$STATE/run/stop-$1.pid"
}

# Stops all parts. The front door stops accepting first. Its open connections end when push closes
# the streams.
parts_stop() {
	local part haproxy_stop=USR1
	for part in haproxy lighttpd; do
		if part_pid "$part" >/dev/null; then part_ask "$part"; fi
	done
	for part in $(parts_started); do
		case $part in push*) part_ask "$part" ;; esac
	done
	for part in $(parts_started | tac); do part_stop "$part"; done
	rm -f "$STATE/run/settings"
}
