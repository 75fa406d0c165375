# The server for all bats files of a run. It is started on free ports before the first file, and
# stopped after the last. Then its logs are checked. TEST_LANE: the runs of a lane share a server,
# which tests/lanes has started.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/support/logs.bash
. "$root/tests/support/logs.bash"
# shellcheck source=tests/support/ports.bash
. "$root/tests/support/ports.bash"

# Sets the settings that make tests quick. A file that tests a limit sets its own and restarts the
# part.
test_settings() {
	export BANTER_BUILD=${BANTER_BUILD:-build/asan}
	export BANTER_PORT BANTER_PUSH_PORT BANTER_STATE
	BANTER_PORT=$(free_port) BANTER_PUSH_PORT=$(free_port)
	while [ "$BANTER_PUSH_PORT" = "$BANTER_PORT" ]; do BANTER_PUSH_PORT=$(free_port); done
	: "${BANTER_STATE:=$(mktemp -d "${TMPDIR:-/tmp}/banter-test.XXXXXX")/state}"
	export BANTER_PASSWORD_OPS=${BANTER_PASSWORD_OPS:-1} BANTER_PASSWORD_MEMORY_KIB=${BANTER_PASSWORD_MEMORY_KIB:-256}
	export BANTER_RATE_LOGIN=${BANTER_RATE_LOGIN:-0} BANTER_RATE_READ=${BANTER_RATE_READ:-0}
	export BANTER_RATE_LOGIN_NAME=${BANTER_RATE_LOGIN_NAME:-0} BANTER_RATE_LOGIN_STRANGERS=${BANTER_RATE_LOGIN_STRANGERS:-0}
	export BANTER_RATE_WRITE=${BANTER_RATE_WRITE:-0} BANTER_RATE_SEND=${BANTER_RATE_SEND:-0} BANTER_RATE_MEMBERS=${BANTER_RATE_MEMBERS:-0}
	export BANTER_POSTGRES_BUFFERS=${BANTER_POSTGRES_BUFFERS:-64MB}
	. "$root/tests/support/sanitizers.bash"
}

setup_suite() { [ -n "${TEST_LANE-}" ] || suite_start; }
teardown_suite() { [ -n "${TEST_LANE-}" ] || suite_end; }

suite_start() {
	test_settings
	mkdir -p "$(dirname "$BANTER_STATE")"
	chmod 711 "$(dirname "$BANTER_STATE")"
	local begin
	begin=$(log_time now)
	"$root/scripts/stack" start
	eval "$("$root/scripts/stack" env)"
	# The start polls readiness until the parts are ready.
	echo "$begin $(log_time now)  path=/readyz status=503 " >>"$BANTER_STATE/run/log_expected"
}

suite_end() {
	"$root/scripts/stack" stop
	logs_good || return 1
	"$root/scripts/stack" reset
}
