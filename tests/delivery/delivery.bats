# scripts/verify-delivery: it succeeds on a correct server, and fails on a faulty one.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; load ../support/streams; }
teardown() { streams_end; }

# verify [OPTION…]: runs it; sets $status and $output as `run` does.
verify() { run timeout 300 "$ROOT/scripts/verify-delivery" "$URL" --rate 30 --settle 20 --seed 11 "$@"; }

# bad_proxy DEED: starts a proxy for streams that does this to one event of each; $bad is its
# address.
bad_proxy() {
	rm -f "$BATS_TEST_TMPDIR/bad" # of the proxy before
	node "$ROOT/tests/delivery/proxy.mjs" "$PUSH_URL" "$1" >"$BATS_TEST_TMPDIR/bad" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_TEST_TMPDIR/bad.pid"
	disown $!
	wait_until 10 grep -q http "$BATS_TEST_TMPDIR/bad"
	bad=$(<"$BATS_TEST_TMPDIR/bad")
}

# through DEED: runs verify-delivery through such a proxy, without cuts, which would hide the fault.
through() {
	bad_proxy "$1"
	verify --transports sse --streams "$bad" --settle 3 --seconds 4 --drop 0 --members 0 --revoke 0
}

@test "verify-delivery: passes against a server that keeps its promises" {
	verify --seconds 6 --drop 8 --members 2
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"verdict: good (seed 11)"* ]]
	for promise in "no loss" "no repeat" "one order" receipts "no leak"; do grep -qE "^  $promise +held$" <<<"$output"; done
	[[ $output =~ "3 revoked" ]]
}

# Repeats everything often, to meet races of a few milliseconds. Three users are invited to ten
# groups, so each change of membership makes eight streams read theirs again, while others open. Two
# cores still carry 100 messages a second with this load, under the sanitizers.
@test "verify-delivery: P6: passes with two push processes, 100 messages, 40 cuts and 60 membership changes a second" {
	further_push BANTER_PUSH_PROCESSES=2
	verify --streams "$further" --users 3 --devices 8 --groups 10 --directs 1 --rate 100 --drop 40 --members 60 --seconds 28 --json
	echo "$output"
	[ "$status" = 0 ]
	jq -e '.ok and .acknowledged >= 400 and .cuts >= 300 and .returns >= 300 and .removed >= 140 and .added >= 140' <<<"${lines[-1]}"
	# both had streams
	[ "$(curl -s "$further/metrics" | grep -cE '^banter_push_deliveries_total\{.*\} [0-9]{4,}$')" = 2 ]
}

@test "verify-delivery: passes through a proxy that changes nothing" {
	through good
	echo "$output"
	[ "$status" = 0 ]
}

@test "verify-delivery: an event that is dropped, repeated, late or altered fails it and is named" {
	while read -r deed promise kind; do
		through "$deed"
		echo "$deed: $output"
		[ "$status" = 1 ]
		[[ $output == *"verdict: NOT GOOD (again with: --seed 11)"* ]]
		grep -qE "^  ${promise//-/ } +BROKEN: .*× $kind" <<<"$output"
		grep -qE "^    $kind: user-[0-9]'s device [0-9], on sse: .*(seq [0-9]+ of (group|direct) [0-9]|(group|direct) [0-9] \([0-9]+\) seq [0-9]+)" <<<"$output"
		kill -KILL "$(<"$BATS_TEST_TMPDIR/bad.pid")"
	done <<-'LIST'
		drop no-loss missing
		repeat no-repeat repeated
		swap one-order out_of_order
		alter one-order differs
	LIST
}

@test "verify-delivery: wrong arguments are refused, and a missing server fails it" {
	run "$ROOT/scripts/verify-delivery" --help
	[ "$status" = 0 ]
	run "$ROOT/scripts/verify-delivery"
	[ "$status" = 64 ]
	verify --users two
	[ "$status" = 64 ]
	verify --sedes 3
	[ "$status" = 64 ]
	run "$ROOT/scripts/verify-delivery" "http://127.0.0.1:1"
	[ "$status" = 1 ]
	[[ $output == *"could not be carried out"* ]]
}
