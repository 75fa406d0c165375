# Fairness: requests of one user do not delay others.
# SPDX-License-Identifier: MIT

# Lets reads wait long enough for a slow machine.
setup_file() {
	load ../support/helpers
	BANTER_API_WAIT_MS=60000 stack restart api 3>&- 4>&-
}
teardown_file() {
	load ../support/helpers
	stack restart api 3>&- 4>&-
}

setup() {
	load ../support/helpers
	mkfifo "$BATS_TEST_TMPDIR/orders"
}

# Restores device_list. The test replaces it by a function that waits for a lock of the test.
teardown() {
	[ ! -s "$BATS_TEST_TMPDIR/function" ] || psql_banter "$(<"$BATS_TEST_TMPDIR/function")"
}
device_list_waits() {
	psql_banter "select pg_get_functiondef('device_list(bigint,bigint)'::regprocedure)" >"$BATS_TEST_TMPDIR/function"
	psql_banter "
		create or replace function device_list(in_user bigint, in_current bigint) returns json language plpgsql stable as
		\$\$ begin perform pg_advisory_xact_lock_shared(4242); return json_build_object('devices', '[]'::json); end \$\$"
}
reads_that_wait() { psql_banter "select count(*) from pg_locks where locktype = 'advisory' and objid = 4242 and not granted"; }
some_wait() { [ "$(reads_that_wait)" -ge "$1" ]; }
lock_is_held() { [ "$(psql_banter "select count(*) from pg_locks where locktype = 'advisory' and objid = 4242 and granted")" = 1 ]; }

@test "fairness: one user's slow reads leave half of the connections to others" {
	device_list_waits
	psql -Xq -d "$BANTER_DATABASE_OWNER_URL" <"$BATS_TEST_TMPDIR/orders" 3>&- 4>&- &
	exec 8>"$BATS_TEST_TMPDIR/orders"
	echo 'select pg_advisory_lock(4242);' >&8
	wait_until 10 lock_is_held

	half=$((${BANTER_API_WORKERS:-1} * ${BANTER_API_CONNECTIONS:-4} / 2))
	as alice
	for i in $(seq $((half * 3))); do
		curl -s -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $token" "$URL/v1/devices" >"$BATS_TEST_TMPDIR/status.$i" 3>&- 4>&- 8>&- &
	done
	wait_until 10 some_wait "$half"
	as bob
	for i in $(seq 20); do
		get /v1/conversations
		expect 200
	done
	[ "$(reads_that_wait)" -le "$half" ]
	echo 'select pg_advisory_unlock(4242);' >&8
	exec 8>&-
	wait
	[ "$(cat "$BATS_TEST_TMPDIR"/status.* | grep -c 200)" -ge "$half" ]
}
