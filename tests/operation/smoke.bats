# scripts/smoke, the example with curl, against the server of the suite.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; }

@test "smoke: the walk goes through, twice" {
	"$ROOT/scripts/smoke" "$URL"
	"$ROOT/scripts/smoke" "$URL"
}

@test "smoke: it fails where nothing answers" {
	run "$ROOT/scripts/smoke" http://127.0.0.1:1
	[ "$status" != 0 ]
}
