# scripts/smoke, the example with curl, against the server of the suite.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; }

@test "smoke: passes twice in a row" {
	"$ROOT/scripts/smoke" "$URL"
	"$ROOT/scripts/smoke" "$URL"
}

@test "smoke: fails where no server answers" {
	run "$ROOT/scripts/smoke" http://127.0.0.1:1
	[ "$status" != 0 ]
}
