# `make run` in front: what it says, what it revives, and that Ctrl-C leaves nothing behind.
# SPDX-License-Identifier: MIT

setup_file() {
	. "$BATS_TEST_DIRNAME/stack.bash"
	own_state
}
setup() {
	load ../helpers
	load stack
	said=$BATS_TEST_TMPDIR/said
}
teardown() {
	[ ! -e "$BATS_TEST_TMPDIR/group" ] || { kill -KILL -- "-$(<"$BATS_TEST_TMPDIR/group")" || true; }
	own_stack_end
}

# in_front: in a process group of its own, as a terminal would have it, with a reader behind it; returns when it is ready.
in_front() {
	setsid env --default-signal=INT bash -c '"$1" | cat >"$2" 2>&1' - "$ROOT/scripts/run" "$said" 3>&- 4>&- &
	echo $! >"$BATS_TEST_TMPDIR/group"
	says() { grep -qs "$1" "$said"; }
	wait_until 120 says 'Banter is at http' || { cat "$said"; return 1; }
	eval "$(stack env)"
}

# ctrl_c: to all of the group, the reader too.
ctrl_c() {
	kill -INT -- "-$(<"$BATS_TEST_TMPDIR/group")"
	ended() { ! kill -0 -- "-$(<"$BATS_TEST_TMPDIR/group")" 2>/dev/null; }
	wait_until 30 ended
	rm "$BATS_TEST_TMPDIR/group"
}

@test "Ctrl-C stops all parts, though the reader of the output ends by it too" {
	in_front
	curl -sf "$URL/healthz" >/dev/null
	running=$(stack status | sed -n 's/.* runs as process //p')
	[ "$(wc -w <<<"$running")" = 5 ]
	ctrl_c
	for number in $running; do
		if kill -0 "$number" 2>/dev/null; then return 1; fi
	done
	grep -q 'stopped; the data stays' "$BANTER_STATE/log/run.log"
	[ ! -e "$BANTER_STATE/run/run.pid" ]
}

@test "a part that dies is started again, and the terminal says so; a second run from the same folder is refused" {
	in_front
	old=$(stack pid redis)
	kill -KILL "$old"
	wait_until 30 says "redis (process $old) has died by signal KILL"
	wait_until 30 says 'redis runs again as process'
	[ "$(stack pid redis)" != "$old" ]
	run "$ROOT/scripts/run"
	[ "$status" != 0 ]
	[[ $output == *'runs already from'* ]]
	curl -sf "$URL/healthz" >/dev/null
	ctrl_c
}
