# The signing key: the programs refuse a key that the database does not know. A rotation to a new
# key signs no device out.
# SPDX-License-Identifier: MIT

load ../support/helpers

teardown() {
	[ -n "${secrets-}" ] || return 0
	rm -f "$secrets"/jwt.key.next "$secrets"/jwt.key.previous
}

@test "keys: a host with another signing key refuses to start with an explanation" {
	local program other=$BATS_TEST_TMPDIR/secrets
	for program in api push; do
		rm -rf "$other"
		run timeout 20 env BANTER_SECRETS_DIR="$other" BANTER_API_SOCKET="$BATS_TEST_TMPDIR/api.sock" BANTER_PUSH_PORT=$((BANTER_PUSH_PORT + 1)) \
			"$BANTER_STATE/opt/bin/banter-$program"
		[ "$status" = 78 ]
		[[ $output == *"another jwt.key"* ]]
	done
}

# renewed PART BEFORE: checks that the workers of a part have been replaced and serve.
renewed() {
	local now
	now=$(workers_of "$1") && [ -n "$now" ] && [ "$now" != "$2" ] && [ "$(wc -w <<<"$now")" = "$(wc -w <<<"$2")" ]
}
# hup: makes both programs read their keys again.
hup() {
	local part before
	for part in api push; do
		before=$(workers_of $part)
		stack kill $part HUP
		wait_until 40 renewed $part "$before"
	done
}
is_accepted() { get /v1/me && [ "$reply_status" = 200 ]; }

@test "keys: a rotation in three steps signs nobody out" {
	secrets=$BANTER_SECRETS_DIR
	as alice
	local first=$token
	stack key next
	hup
	is_accepted
	stack key rotate
	hup
	is_accepted
	token=''
	post /v1/auth/refresh "{\"refresh_token\":\"$refresh_token\"}"
	expect 200
	local second
	second=$(json .access_token)
	token=$second
	is_accepted
	stack key forget
	hup
	is_accepted
	token=$first
	get /v1/me
	expect 401
	[ "$(psql_banter 'select count(*) from signing_keys')" = 2 ]
}

# refresh TOKEN: exchanges a refresh token; $refresh_token is its successor.
refresh() {
	token=''
	post /v1/auth/refresh "{\"refresh_token\":\"$1\"}"
	expect 200 || return 1
	refresh_token=$(json .refresh_token)
}

@test "keys: a refresh token that was copied before a rotation is recognised as stolen after it" {
	secrets=$BANTER_SECRETS_DIR
	as carol
	local copied=$refresh_token
	refresh "$copied"
	stack key next
	hup
	stack key rotate
	hup
	refresh "$refresh_token"
	post /v1/auth/refresh "{\"refresh_token\":\"$copied\"}"
	expect 401 refresh_token_reused
	post /v1/auth/refresh "{\"refresh_token\":\"$refresh_token\"}"
	expect 401 invalid_refresh_token
	stack key forget
	hup
}
