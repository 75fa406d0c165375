# Database sessions of a test: each is opened once, gets statements, and is waited for.
# SPDX-License-Identifier: MIT
#
#	session bob              opens one
#	tell bob "select 1"      sends a statement, and does not wait for its result
#	answer bob               waits for the result of tell, and prints it
#	ask bob "select 1"       both
#	until_waits bob          until it waits for a lock
#	quick "select 1"         a session for one statement
#	same GOT WANTED WHAT     fails the test unless both are the same
set -eu

sessions=$(mktemp -d)
declare -A to from
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$sessions"' EXIT

session() {
	local in out
	mkfifo "$sessions/$1.in" "$sessions/$1.out"
	PGAPPNAME=$1 PGOPTIONS="$PGOPTIONS -c idle_in_transaction_session_timeout=10min" psql -qXAt <"$sessions/$1.in" >"$sessions/$1.out" 2>&1 &
	pids+=($!)
	exec {in}>"$sessions/$1.in" {out}<"$sessions/$1.out"
	to[$1]=$in from[$1]=$out
}

tell() {
	printf '%s;\n\\echo --end\n' "$2" >&"${to[$1]}"
}

answer() {
	local line
	while IFS= read -r -t 30 line <&"${from[$1]}"; do
		[ "$line" = --end ] && return
		printf '%s\n' "$line"
	done
	echo "$1 does not answer" >&2
	return 1
}

ask() {
	tell "$1" "$2"
	answer "$1"
}

quick() {
	psql -qXAt -v ON_ERROR_STOP=1 -c "$1"
}

until_true() {
	local n
	for ((n = 0; n < 600; n++)); do
		[ "$(quick "select $1")" = t ] && return
		sleep 0.05
	done
	echo "never: $1" >&2
	return 1
}

until_waits() {
	until_true "exists (select from pg_stat_activity where application_name = '$1' and datname = current_database() and wait_event_type = 'Lock')"
}

same() {
	[ "$1" = "$2" ] && return
	printf '%s: got %s, wanted %s\n' "$3" "$1" "$2" >&2
	return 1
}

# Runs pgbench, which has to end without any error: bench FILE CLIENTS TRANSACTIONS
bench() {
	local said
	said=$(pgbench -n -c "$2" -j 2 -t "$3" -M prepared -f "$1" 2>&1) && grep -q 'failed transactions: 0 ' <<<"$said" && return
	echo "$said" >&2
	return 1
}

person() {
	quick "select person('$1' || floor(random() * 1e12))"
}
