# A server of its own for a file that breaks things, and a crowd of clients that reports what it
# noticed.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154

. "$(dirname "${BASH_SOURCE[0]}")/../support/setup_suite.bash"

# own_state [SETTING=VALUE…]: exports settings with free ports and a new state folder. Starts
# nothing.
own_state() {
	unset BANTER_DATABASE_URL BANTER_DATABASE_OWNER_URL BANTER_REDIS_URL BANTER_SECRETS_DIR BANTER_API_SOCKET BANTER_STATE
	local row
	for row; do export "${row?}"; done
	# In this folder tests/run finds and stops it after an interruption.
	BANTER_STATE=${BANTER_TEST_WORK:-$(mktemp -d "${TMPDIR:-/tmp}/banter-test.XXXXXX")}/own.$$
	test_settings
	mkdir -p "$(dirname "$BANTER_STATE")" && chmod 711 "$(dirname "$BANTER_STATE")"
}

# own_stack [SETTING=VALUE…]: starts a server and exports its settings.
own_stack() {
	own_state "$@"
	"$root/scripts/stack" start 3>&- 4>&-
	eval "$("$root/scripts/stack" env)"
}

# Stops the server, checks its logs for crashes, and removes its data.
own_stack_end() {
	"$root/scripts/stack" stop || true
	BANTER_LOG_CHECK=crashes logs_good || return 1
	"$root/scripts/stack" reset
}

# Sets the addresses in the helpers after a test has started a server.
own_addresses() {
	eval "$(stack env)"
	URL=http://${BANTER_LISTEN:-127.0.0.1}:$BANTER_PORT PUSH_URL=http://${BANTER_PUSH_LISTEN:-127.0.0.1}:$BANTER_PUSH_PORT
}

# Returns whether all parts serve.
ready() { [ "$(curl -s -m 5 "$URL/readyz" | jq -r .status)" = ok ]; }

# admin SQL…: runs each statement as the administrator of the private PostgreSQL.
admin() {
	local command commands=()
	for command; do commands+=(-c "$command"); done
	PGOPTIONS="-c default_transaction_read_only=off" psql -qXAt -v ON_ERROR_STOP=1 -h "$BANTER_STATE/socket" -U postgres banter "${commands[@]}"
}

# front_run: runs `make run` in a process group of its own, as a terminal does, and waits until it
# is ready. Its output goes to $said. says TEXT: checks that it has printed this.
front_run() {
	said=$BATS_TEST_TMPDIR/said
	setsid env --default-signal=INT bash -c '"$1" | cat >"$2" 2>&1' - "$ROOT/scripts/run" "$said" 3>&- 4>&- &
	echo $! >"$BATS_TEST_TMPDIR/group"
	wait_until 120 says 'Banter is at http' || { cat "$said"; return 1; }
	own_addresses
}
says() { grep -qs "$1" "$said"; }

# front_interrupt: sends the group SIGINT, as Ctrl-C does, and waits for its end. front_kill: kills
# a group that a failed test has left.
front_interrupt() {
	kill -INT -- "-$(<"$BATS_TEST_TMPDIR/group")"
	wait_until 60 front_ended
	rm "$BATS_TEST_TMPDIR/group"
}
front_ended() { ! kill -0 -- "-$(<"$BATS_TEST_TMPDIR/group")" 2>/dev/null; }
front_kill() { [ ! -e "$BATS_TEST_TMPDIR/group" ] || kill -KILL -- "-$(<"$BATS_TEST_TMPDIR/group")" || true; }

# documented NAME: prints the configuration that operations.md marks with this name.
documented() { awk -v mark="<!-- $1:" 'index($0, mark) { found = 1; next } found && /^```/ { if (inside) exit; inside = 1; next } inside' "$ROOT/docs/operations.md"; }

# talk_begin: opens two streams of Bob that reconnect, and sends him a message. talk_go_on: waits
# until the server is ready, and sends another. Checks that streams and history have both.
talk_begin() {
	as bob
	listen bob-ws ws --reconnect
	listen bob-sse sse --reconnect
	as alice
	direct_with bob
	send before
	for stream in bob-ws bob-sse; do heard $stream '.type == "message.created" and .data.text == "before"'; done
}
talk_go_on() {
	wait_until 30 ready
	as alice
	send after
	for stream in bob-ws bob-sse; do
		heard $stream '.type == "message.created" and .data.text == "after"' 20
		[ "$(count_heard $stream '.type == "message.created"')" = 2 ]
		[ "$(count_heard $stream '.type == "stream.reset"')" = 0 ]
	done
	get "/v1/conversations/$room/messages"
	expect 200
	[ "$(json '[.messages[].text] | sort')" = '["after","before"]' ]
}

# flood_port PORT NAME HOW COUNT [ADDRESS]: runs clients/flood.mjs as the current user. hang_up NAME
# ends it. flood_state NAME FILTER: checks the last line that it has printed; flooded waits for it.
flood_port() {
	node "$ROOT/tests/support/clients/flood.mjs" "$3" "$1" "$4" "$token" "${@:5}" >"$BATS_TEST_TMPDIR/$2.flood" 2>&1 3>&- 4>&- &
	echo $! >"$(stream_file "$2" pid)"
	disown $!
}
flood_state() { jq -es "length > 0 and (last | $2)" "$BATS_TEST_TMPDIR/$1.flood" >/dev/null; }
flooded() { wait_until "${3:-20}" flood_state "$1" "$2" || { tail -n 3 "$BATS_TEST_TMPDIR/$1.flood"; return 1; }; }

# crowd [OPTION…], verifiers [OPTION…]: starts verify-delivery, and waits until every client is
# connected. A crowd only sends and receives: it cuts nothing, loses no reply, reads nothing and
# changes no membership, so the faults are those of the test.
crowd() { verifiers --seconds 120 --groups 4 --directs 0 --socket 0 --lose 0 --drop 0 --reads 0 --members 0 --revoke 0 "$@"; }
verifiers() { crowd_of "$ROOT/scripts/verify-delivery" "$URL" --users 6 --devices 3 --seconds 60 --json "$@"; }
crowd_of() {
	"$@" >"$BATS_TEST_TMPDIR/crowd" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_TEST_TMPDIR/crowd.pid"
	wait_until 60 crowd_runs || { cat "$BATS_TEST_TMPDIR/crowd"; return 1; }
}
crowd_runs() { grep -qs '"state":"running"' "$BATS_TEST_TMPDIR/crowd" || crowd_over; }
crowd_over() { ! kill -0 "$(<"$BATS_TEST_TMPDIR/crowd.pid")" 2>/dev/null; }

# crowd_judges: ends the sending, waits for the events that are still to come, and sets $verdict.
# Fails when the crowd has found a fault.
crowd_judges() {
	kill -TERM "$(<"$BATS_TEST_TMPDIR/crowd.pid")" 2>/dev/null || true
	wait_until 90 crowd_over || true
	verdict=$(tail -n 1 "$BATS_TEST_TMPDIR/crowd")
	jq . <<<"$verdict" || cat "$BATS_TEST_TMPDIR/crowd"
	[ "$(jq -r .ok <<<"$verdict")" = true ]
}

# stored: prints how many messages the database has. more_than N: checks that there are more.
stored() { psql_banter "select count(*) from messages"; }
more_than() { [ "$(stored)" -gt "$1" ]; }

# more_stored N [SECONDS]: waits until N more messages are stored.
more_stored() { wait_until "${2:-30}" more_than $(($(stored) + $1)); }
