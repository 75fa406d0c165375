# Shared by the benchmarks: a Banter of their own, users, sends by REST, CPU time by part, medians
# and verdicts. Sourced.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # what is set here is for those who source it

BENCH=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$BENCH/.." || exit 1

# Its own ports and folder, so that it runs beside others. The folder is forgotten at the end.
: "${BENCH_PORT:=18480}"
export BENCH_PORT
export BANTER_STATE=${BENCH_STATE:-/tmp/banter-bench-$UID}
export BANTER_PORT=$BENCH_PORT BANTER_PUSH_PORT=$((BENCH_PORT + 1))
PEER_PORT=$((BENCH_PORT + 2)) LIMIT_PORT=$((BENCH_PORT + 3))

# A benchmark is a flood by few users from one address: its limits are off or wide. Other settings
# have their defaults, except the sweep's in fanout.
export BANTER_RATE_LOGIN=0 BANTER_RATE_READ=0 BANTER_RATE_WRITE=0 BANTER_RATE_SEND=0 BANTER_RATE_MEMBERS=0
export BANTER_PUSH_STREAMS=19000 BANTER_PUSH_FRAME_RATE=100000 BANTER_PUSH_INPUT_BYTES=1073741824 BANTER_PUSH_ACCEPT_RATE=1000000
unset BANTER_DATABASE_URL BANTER_DATABASE_OWNER_URL BANTER_REDIS_URL BANTER_SECRETS_DIR BANTER_API_SOCKET BANTER_CONFIG

export PGOPTIONS="-c search_path=banter"

# shellcheck source=scripts/parts.bash
. scripts/parts.bash
settings_read

# The people of the benchmarks (seed.sql): numbers, so that a load generator can compute who is in
# which conversation.
SEND_USERS=1000000 INBOX_USERS=2000000 GROUP_USERS=3000000 SHARED_USERS=4000000 BESIDE_USERS=5000000
SEND_CONVERSATIONS=10000000 INBOX_CONVERSATIONS=20000000 GROUP_CONVERSATIONS=30000000 BESIDE_CONVERSATIONS=35000000
DEVICES=500000000 # the device of user n is DEVICES + n

BENCH_TEXT=$(printf 'benchmark %.0s' {1..20}) # 200 bytes
BENCH_BIN=build/bench
bench_children=()

# ---- the stack ----

# Builds, starts and prepares a fresh Banter, unless a benchmark that runs this one has done so. It
# ends with the script.
bench_open() {
	trap 'exit 130' INT TERM
	trap bench_close EXIT
	BENCH_WORK=$(mktemp -d)
	bench_build
	[ -z "${BENCH_STARTED-}" ] || return 0
	bench_owner=true
	export BENCH_STARTED=1
	scripts/stack reset >/dev/null
	scripts/stack start
	local inbox=$((${BENCH_STREAMS:-0} > 6000 ? BENCH_STREAMS : 6000))
	scripts/stack psql -q -v ON_ERROR_STOP=1 -v inbox=$inbox -f - <"$BENCH/seed.sql"
}

bench_close() {
	local pid
	for pid in "${bench_children[@]}"; do bench_end "$pid"; done
	rm -rf "$BENCH_WORK"
	if [ -n "${bench_owner-}" ]; then
		if [ -n "${BENCH_KEEP-}" ]; then scripts/stack stop; else scripts/stack reset; fi
	fi
}

# bench_child COMMAND…: in the background, ended with the script.
bench_child() {
	"$@" &
	bench_children+=($!)
}

# Waits for a child that was signalled.
bench_end() {
	kill -CONT "$1" 2>/dev/null || true
	kill "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

# ---- cores: push and the limit program have one, all that drives them has the other ----

# Prefix of a command that runs it on this core.
on_server=() on_client=()
if [ "$(nproc)" -gt 1 ]; then on_server=(taskset -c 0) on_client=(taskset -c 1); fi

# Moves the running parts. Nothing is done on a machine with one core.
pin_parts() {
	local part pid
	[ "$(nproc)" -gt 1 ] || return 0
	for part in "${PARTS[@]}"; do
		for pid in $(family "$part"); do
			case $part in
			push) taskset -acp 0 "$pid" ;;
			*) taskset -acp 1 "$pid" ;;
			esac >/dev/null 2>&1 || true
		done
	done
}

# The numbers of a part's processes.
family() {
	{ cat /proc/[0-9]*/stat 2>/dev/null || true; } | awk -v root="$(part_pid "$1")" '
		{ pid = $1; sub(/^.*\) /, ""); parent[pid] = $2 }
		END {
			for (pid in parent) {
				for (p = pid; (p in parent) && p != root; p = parent[p]);
				if (p == root) print pid
			}
		}'
}

# The processes that hold streams: the workers of push's supervisor.
push_pids() { pgrep -P "$(part_pid push)"; }

# Starts the limit program; $limit_pid is its number.
limit_start() {
	bench_child "${on_server[@]}" "$BENCH_BIN/limit" port=$LIMIT_PORT
	limit_pid=${bench_children[-1]}
	wait_until 10 bash -c "exec 3<>/dev/tcp/127.0.0.1/$LIMIT_PORT"
}

# The C programs of the benchmarks: each NAME.c with a main, linked with the rest. All or none,
# since it takes seconds.
bench_build() {
	[ -z "${BENCH_BUILT-}" ] || return 0
	export BENCH_BUILT=1
	"$BENCH/build"
}

# Prints the default of a setting of push, to set it again: a restarted part keeps the values of
# settings that are not set.
delivered() { "$STATE/opt/bin/banter-push" --help | awk -v name="$1" '$1 == name { print $2 }'; }

query() { scripts/stack psql -qAt -v ON_ERROR_STOP=1 -c "$1"; }

# Marks everything as delivered, so that a stream without a cursor has nothing to replay.
all_delivered() {
	query "update members m set delivered_id = c.last_id from conversations c where c.id = m.conversation_id and m.delivered_id < c.last_id"
}

# rest_send CONNECTIONS [NAME=VALUE…]: sends by REST for $seconds, options as posts has them; sets
# sent, took, failed, p50_us, p99_us, client_us.
rest_send() {
	"$BENCH_BIN/posts" "${@:2}" key="$BANTER_SECRETS_DIR/jwt.key" port="$BANTER_PORT" users=$SEND_USERS conversations=$SEND_CONVERSATIONS devices=$DEVICES \
		text="$BENCH_TEXT" connections="$1" seconds="$seconds" >"$BENCH_WORK/posts" || die "sends have failed: $(cat "$BENCH_WORK/posts")"
	eval "$(cat "$BENCH_WORK/posts")"
}

# ---- measuring ----

# cpu PART: milliseconds of CPU that its processes have used, those that have ended included.
cpu() {
	{ cat /proc/[0-9]*/stat 2>/dev/null || true; } | awk -v root="$(part_pid "$1")" -v tick="$((1000 / $(getconf CLK_TCK)))" '
		{ pid = $1; sub(/^.*\) /, ""); parent[pid] = $2; used[pid] = $12 + $13 + $14 + $15 }
		END {
			for (pid in parent) {
				for (p = pid; (p in parent) && p != root; p = parent[p]);
				if (p == root) total += used[pid]
			}
			print total * tick
		}'
}

# Microseconds since 1970.
now() { echo "${EPOCHREALTIME/./}"; }

median() { printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

calc() { awk "BEGIN { printf \"%.${2:-2}f\", $1 }"; }

# verdict WHAT VALUE UNIT "at least"|"at most" BAR: the line that a benchmark is read for.
verdict() {
	local sign=-
	[ "$4" = "at most" ] || sign=
	local met=missed
	if awk -v v="$sign$2" -v b="$sign$5" 'BEGIN { exit !(v + 0 >= b + 0) }'; then met=met; fi
	printf '%-6s %s: %s%s (bar: %s %s)\n' "$met" "$1" "$2" "$3" "$4" "$5"
}

# A figure without a bar.
figure() { printf '%-6s %s\n' - "$*"; }
