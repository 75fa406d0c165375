# A Banter of its own for a file that breaks things: own_stack in setup_file, own_stack_end in teardown_file. And the crowd that tells what it noticed.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154

. "$BATS_TEST_DIRNAME/../setup_suite.bash"

# own_state [SETTING=VALUE…]: its settings, with free ports and a folder; nothing is started.
own_state() {
	unset BANTER_DATABASE_URL BANTER_REDIS_URL BANTER_SECRETS_DIR BANTER_API_SOCKET BANTER_STATE
	local row
	for row; do export "${row?}"; done
	# Where tests/run finds and stops it, should this be cut off.
	BANTER_STATE=${BANTER_TEST_WORK:-$(mktemp -d "${TMPDIR:-/tmp}/banter-test.XXXXXX")}/own.$$
	test_settings
	mkdir -p "$(dirname "$BANTER_STATE")" && chmod 711 "$(dirname "$BANTER_STATE")"
}

# own_stack [SETTING=VALUE…]: starts it and exports what the helpers need.
own_stack() {
	own_state "$@"
	"$root/scripts/stack" start 3>&- 4>&-
	eval "$("$root/scripts/stack" env)"
}

own_stack_end() {
	local found
	"$root/scripts/stack" stop || true
	found=$(BANTER_LOG_CHECK=crashes logs_check)
	if [ -n "$found" ]; then
		echo "the logs in $BANTER_STATE/log hold what they should not:"
		echo "$found"
		return 1
	fi
	"$root/scripts/stack" reset
}

# crowd [OPTION…], verifiers [OPTION…]: starts clients/many.mjs, or verify-delivery, and waits until everybody is connected and hears something.
crowd() { crowd_of node "$ROOT/tests/clients/many.mjs" "$URL" --seconds 120 "$@"; }
verifiers() { crowd_of "$ROOT/scripts/verify-delivery" "$URL" --users 6 --devices 3 --seconds 60 --json "$@"; }
crowd_of() {
	"$@" >"$BATS_TEST_TMPDIR/crowd" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_TEST_TMPDIR/crowd.pid"
	wait_until 60 crowd_runs || { cat "$BATS_TEST_TMPDIR/crowd"; return 1; }
}
crowd_runs() { grep -qs '"state":"running"' "$BATS_TEST_TMPDIR/crowd" || crowd_over; }
crowd_over() { ! kill -0 "$(<"$BATS_TEST_TMPDIR/crowd.pid")" 2>/dev/null; }

# crowd_judges: the crowd stops sending, waits for what is still to come, and gives its verdict; true when it found nothing.
crowd_judges() {
	kill -TERM "$(<"$BATS_TEST_TMPDIR/crowd.pid")" 2>/dev/null || true
	wait_until 90 crowd_over || true
	verdict=$(tail -n 1 "$BATS_TEST_TMPDIR/crowd")
	jq . <<<"$verdict" || cat "$BATS_TEST_TMPDIR/crowd"
	[ "$(jq -r .ok <<<"$verdict")" = true ]
}

# stored: how many messages the database has; `more_than N` of them are there.
stored() { psql_banter "select count(*) from messages"; }
more_than() { [ "$(stored)" -gt "$1" ]; }
