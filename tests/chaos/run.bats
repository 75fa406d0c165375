# `make run` in front: what it says, what it revives, and that Ctrl-C leaves nothing behind.
# SPDX-License-Identifier: MIT

load own

setup_file() {
	own_state
	export BANTER_STATE+=' and a space'
}
teardown() { front_kill; own_stack_end; }
teardown_file() { :; }

@test "make run: Ctrl-C stops all parts, though it also ends the reader of the output" {
	front_run
	curl -sf "$URL/healthz" >/dev/null
	running=$(stack status | sed -n 's/.* runs as process //p')
	[ "$(wc -w <<<"$running")" = 6 ]
	front_interrupt
	for number in $running; do
		if kill -0 "$number" 2>/dev/null; then return 1; fi
	done
	grep -q 'stopped; the data stays' "$BANTER_STATE/run/run.log"
	[ ! -e "$BANTER_STATE/run/run.pid" ]
}

@test "make run: a part that dies is restarted with a line on the terminal, and a second run from the same folder is refused" {
	front_run
	old=$(stack pid redis)
	kill -KILL "$old"
	wait_until 30 says "redis (process $old) has died by signal KILL"
	wait_until 30 says 'redis runs again as process'
	[ "$(stack pid redis)" != "$old" ]
	run "$ROOT/scripts/run"
	[ "$status" != 0 ]
	[[ $output == *'runs already from'* ]]
	curl -sf "$URL/healthz" >/dev/null
	front_interrupt
}

@test "make run: a part that scripts/stack restarts is started once, and is not killed" {
	front_run
	for part in api lighttpd; do
		run stack restart "$part"
		[ "$status" = 0 ]
		[ -z "$output" ]
	done
	curl -sf "$URL/healthz" >/dev/null
	if grep 'has died' "$BANTER_STATE/run/run.log"; then return 1; fi
	front_interrupt
}
