# One Banter for all bats files of a run: started on free ports before the first, stopped and its logs read after the last.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# A port that nobody listens on, below those that the kernel gives to clients.
free_port() {
	local port
	while :; do
		port=$((10000 + RANDOM % 22000))
		(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo $port
}

# Settings that make a test quick; a file that tests a limit sets its own and restarts the part.
test_settings() {
	export BANTER_BUILD=${BANTER_BUILD:-build/asan}
	export BANTER_PORT BANTER_PUSH_PORT BANTER_STATE
	BANTER_PORT=$(free_port) BANTER_PUSH_PORT=$(free_port)
	while [ "$BANTER_PUSH_PORT" = "$BANTER_PORT" ]; do BANTER_PUSH_PORT=$(free_port); done
	: "${BANTER_STATE:=$(mktemp -d "${TMPDIR:-/tmp}/banter-test.XXXXXX")/state}"
	export BANTER_PASSWORD_OPS=${BANTER_PASSWORD_OPS:-1} BANTER_PASSWORD_MEMORY_KIB=${BANTER_PASSWORD_MEMORY_KIB:-256}
	export BANTER_RATE_LOGIN=${BANTER_RATE_LOGIN:-0} BANTER_RATE_READ=${BANTER_RATE_READ:-0}
	export BANTER_RATE_WRITE=${BANTER_RATE_WRITE:-0} BANTER_RATE_SEND=${BANTER_RATE_SEND:-0}
	export BANTER_POSTGRES_BUFFERS=${BANTER_POSTGRES_BUFFERS:-64MB}
	. "$root/tests/sanitizers.bash"
}

setup_suite() {
	test_settings
	mkdir -p "$(dirname "$BANTER_STATE")"
	chmod 711 "$(dirname "$BANTER_STATE")"
	"$root/scripts/stack" start
	eval "$("$root/scripts/stack" env)"
}

teardown_suite() {
	local found
	"$root/scripts/stack" stop
	found=$(logs_check)
	if [ -n "$found" ]; then
		echo "the logs in $BANTER_STATE/log hold what they should not:"
		echo "$found"
		return 1
	fi
	"$root/scripts/stack" reset
}

# Prints every line that a test run must not leave in a log: reports of the sanitizers, failed assertions and crashes always; warnings and
# errors unless tests/log_allowed names them. BANTER_LOG_CHECK=crashes, for suites that break things on purpose, looks for the former alone.
logs_check() {
	local crashes='Sanitizer|runtime error:|Assertion|assert|stack smashing|buffer overflow detected|double free|SIGSEGV|signal 11'
	grep -HE "$crashes" "$BANTER_STATE"/log/*.log | head -n 100
	if [ "${BANTER_LOG_CHECK:-all}" = crashes ]; then return; fi
	grep -HE ' (warn|error) |"level":"(warn|error)"' "$BANTER_STATE"/log/{api,push}*.log |
		grep -vEf <(grep -v '^#' "$root/tests/log_allowed") | head -n 100
	grep -HE '(ERROR|FATAL|PANIC|WARNING):' "$BANTER_STATE"/log/postgres.log |
		grep -vEf <(grep -v '^#' "$root/tests/log_allowed") | head -n 100
}
