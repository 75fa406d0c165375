# tests/lanes: a lane that tests nothing, or ends early, is a failure.
# SPDX-License-Identifier: MIT

setup() {
	load ../support/helpers
	unset BANTER_TEST_WORK # a lane of these tests leaves nothing in the folder of the run
	echo '@test "good" { true; }' >"$BATS_TEST_TMPDIR/good.bats"
}

# lanes_run NAME BODY: runs a file with this body and a good one, in one lane.
lanes_run() {
	printf '%b\n' "$2" >"$BATS_TEST_TMPDIR/$1.bats"
	run setsid --wait env TEST_LANES=1 "$ROOT/tests/lanes" --own "$BATS_TEST_TMPDIR"/{"$1",good}.bats
	echo "$output"
}
ended() { ! kill -0 "$(<"$BATS_TEST_TMPDIR/pid")" 2>/dev/null; }
failures() { grep -c '^not ok ' <<<"$output" || true; }

@test "lanes: passing files succeed, a failing test is a failure, and the next file runs" {
	lanes_run fine '@test "fine" { true; }'
	[ "$status" = 0 ]
	[ "$(grep -c '^ok 1 ' <<<"$output")" = 2 ]
	lanes_run bad '@test "bad" { false; }'
	[ "$status" = 1 ]
	[ "$(failures)" = 1 ]
	grep -q '^ok 1 good' <<<"$output"
}

@test "lanes: a file without tests is a failure" {
	lanes_run none 'setup() { :; }'
	[ "$status" = 1 ]
	grep -q '^not ok .*/none.bats: no test has run' <<<"$output"
	grep -q '^ok 1 good' <<<"$output"
	run "$ROOT/tests/lanes"
	[ "$status" = 64 ]
}

@test "lanes: bats that ends before the last test is a failure" {
	lanes_run short '@test "short" { kill -KILL $PPID; }\n@test "next" { true; }'
	[ "$status" = 1 ]
	[ "$(failures)" -ge 1 ]
	! grep -q '^ok .*next' <<<"$output"
}

@test "lanes: a lane that ends early is a failure, and names the files that did not run" {
	# The file has a process group of its own, whose leader is a child of the lane.
	killed='group=$(ps -o pgid= $$ | tr -d " "); lane=$(ps -o ppid= $group | tr -d " "); kill -KILL -- -$lane -$group'
	lanes_run killed "@test 'killed' { $killed; }\n# The longer file runs first: this one."
	[ "$status" = 1 ]
	grep -q '^not ok lane 1: it has ended early' <<<"$output"
	grep -q '^not ok .*/good.bats: it has not run' <<<"$output"
}

@test "lanes: a file that hangs is ended, counts as failed, and the next file runs" {
	export TEST_SECONDS=3
	lanes_run hangs "@test 'hangs' { echo \$\$ >'$BATS_TEST_TMPDIR/pid'; trap '' TERM; while :; do sleep 1; done; }"
	[ "$status" = 1 ]
	grep -q '^not ok .*/hangs.bats: it was ended after 3 s' <<<"$output"
	grep -q '^ok 1 good' <<<"$output"
	wait_until 5 ended
}

@test "lanes: a signal ends all processes of all lanes" {
	echo "@test 'endless' { echo \$\$ >'$BATS_TEST_TMPDIR/pid'; exec sleep 60; }" >"$BATS_TEST_TMPDIR/endless.bats"
	TEST_LANES=2 "$ROOT/tests/lanes" --own "$BATS_TEST_TMPDIR"/{endless,good}.bats >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- 4>&- &
	lanes=$!
	wait_until 20 test -s "$BATS_TEST_TMPDIR/pid"
	kill -TERM $lanes
	status=0
	wait $lanes || status=$?
	[ $status = 1 ]
	wait_until 5 ended
}
