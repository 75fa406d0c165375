# Privacy (P6): strangers, removed members and revoked devices receive nothing, on any transport and
# process.
# SPDX-License-Identifier: MIT

setup_file() {
	load ../support/helpers
	log_begin
}
teardown_file() {
	load ../support/helpers
	log_expect ' event=notification_bad ' # malformed payloads
}
setup() { load ../support/helpers; load ../support/streams; }
teardown() { streams_end; }

@test "P6: strangers receive nothing" {
	as alice
	group Room bob
	as stranger
	for transport in "${TRANSPORTS[@]}"; do listen "$transport" "$transport"; done
	as alice
	send secret
	patch "/v1/conversations/$room" '{"title":"Secret"}'
	expect 200
	post "/v1/conversations/$room/typing"
	expect 204
	as stranger
	group Own alice
	own=$room
	fence ws sse poll
	for transport in "${TRANSPORTS[@]}"; do
		[ "$(events_of "$transport" | jq -r 'select(.seq) | .conversation_id' | sort -u | grep -vc "$own" || true)" = 0 ]
		not_heard "$transport" '.type == "typing.updated"'
	done
}

@test "P6: a removed member receives the removal, and nothing after it, on each transport and process" {
	as alice
	group Room bob
	inside=$room
	group Outside bob
	outside=$room
	further_push
	as bob
	get /v1/sync
	cursor=$(json .cursor)
	for transport in "${TRANSPORTS[@]}"; do
		listen "here-$transport" "$transport" --since "$cursor"
		STREAM_URL=$further listen "there-$transport" "$transport" --since "$cursor"
	done
	as alice
	room=$inside
	fence here-{ws,sse,poll} there-{ws,sse,poll}
	# The user who removed him sends at once.
	delete "/v1/conversations/$inside/members/$(id_of bob)"
	removed=$(now_ms)
	for i in {1..5}; do send "after-$i"; done
	post "/v1/conversations/$inside/typing"
	expect 204
	room=$outside
	fence here-{ws,sse,poll} there-{ws,sse,poll}
	for transport in "${TRANSPORTS[@]}"; do
		for where in here there; do
			heard "$where-$transport" ".type == \"member.removed\" and .conversation_id == \"$inside\" and .data.user_id == \"$(id_of bob)\""
			# the sweep alone takes up to 5 s
			[ $(($(jq -r ._at <<<"$event") - removed)) -lt 4000 ]
			# a snapshot may be a little newer than its cursor
			[[ "$(seqs "$where-$transport" "$inside")" =~ ^(1\ )?2\ 3$ ]]
			not_heard "$where-$transport" '.type == "typing.updated"'
		done
	done
	# After he is added again, he receives what follows.
	room=$inside
	post "/v1/conversations/$inside/members" "{\"user_ids\":[\"$(id_of bob)\"]}"
	fence here-{ws,sse,poll} there-{ws,sse,poll}
	for transport in "${TRANSPORTS[@]}"; do
		[[ "$(seqs "there-$transport" "$inside")" =~ ^(1\ )?2\ 3\ 9\ 10$ ]]
		not_heard "here-$transport" '.data.text == "after-1"'
	done
}

@test "P6: a removal whose notification was lost unsubscribes the stream as well" {
	as alice
	group Room bob
	inside=$room
	for transport in "${TRANSPORTS[@]}"; do as bob; listen "$transport" "$transport"; done
	as alice
	fence ws sse poll
	psql_banter "select count(*) from member_remove($inside, $user_id, $(id_of bob))" >/dev/null
	send after # its notification shows the hole, which holds the removal
	for transport in "${TRANSPORTS[@]}"; do heard "$transport" '.type == "member.removed"'; done
	group Elsewhere bob
	fence ws sse poll
	for transport in "${TRANSPORTS[@]}"; do
		in_order "$transport" "$inside" 1 3
		not_heard "$transport" '.data.text == "after"'
	done
}

# ends_within_a_second NAME TRANSPORT SINCE: checks that the stream is closed with 4501, or that a
# poll gets 401 between two polls.
ends_within_a_second() {
	if [ "$2" = poll ]; then noted "$1" '.client == "closed"' 5; else closed_with "$1" 4501 5; fi || return 1
	[ "$2" != poll ] || event_there "$1" '.type == "stream.bye" and .data.code == 4501' || refused "$1" 401 device_revoked || return 1
	notes_of "$1" | jq -e --argjson since "$3" 'select(.client == "closed") | ._at - $since < 1500' >/dev/null || { echo "$1 ended late"; return 1; }
}

@test "P6: a revoked device's streams end within 1 s, on each transport and process; the others stay" {
	as alice
	group Room bob
	further_push
	as_device bob lost
	lost=$device_id
	for transport in "${TRANSPORTS[@]}"; do
		listen "here-$transport" "$transport"
		STREAM_URL=$further listen "there-$transport" "$transport"
	done
	listen by-ticket sse --ticket "$(ticket)"
	unused=$(ticket)
	as bob
	listen stays ws
	delete "/v1/devices/$lost"
	expect 204
	revoked=$(now_ms)
	for transport in "${TRANSPORTS[@]}"; do
		ends_within_a_second "here-$transport" "$transport" "$revoked"
		ends_within_a_second "there-$transport" "$transport" "$revoked"
	done
	ends_within_a_second by-ticket sse "$revoked"
	[ "$(events_of here-ws | jq -c 'select(.type == "stream.bye") | .data | [.code, .reason, .retry_after_ms]')" = '[4501,"revoked",null]' ]
	as alice
	fence stays
	for transport in "${TRANSPORTS[@]}"; do not_heard "there-$transport" '.data.text | strings | startswith("fence")'; done
	# Its unused ticket opens no stream.
	raw -m 5 "$PUSH_URL/v1/events?wait=0&ticket=$unused"
	[ "$reply_status" = 401 ]
}

@test "P6: a revocation whose notification was lost ends the streams within 1 s" {
	as_device carol lost
	for transport in ws sse; do listen "$transport" "$transport"; done
	psql_banter "select count(*) from device_revoke($user_id, $device_id)" >/dev/null
	revoked=$(now_ms)
	for transport in ws sse; do
		closed_with "$transport" 4501
		# Promised are 1 s; a machine that is busy with tests needs longer.
		notes_of "$transport" | jq -e --argjson since "$revoked" 'select(.client == "closed") | ._at - $since < 4000' >/dev/null
	done
	gone() { get /v1/me && [ "$reply_status" = 401 ]; }
	wait_until 10 gone
	[ "$(json .code)" = device_revoked ]
}

@test "P6: logout ends the device's streams" {
	as_device dora phone
	for transport in "${TRANSPORTS[@]}"; do listen "$transport" "$transport"; done
	post /v1/auth/logout
	expect 204
	out=$(now_ms)
	for transport in "${TRANSPORTS[@]}"; do ends_within_a_second "$transport" "$transport" "$out"; done
}

@test "P6: a refresh token used again after its successor ends the device's streams" {
	as_device eve phone
	listen eve ws
	first=$refresh_token
	for use in 1 2; do
		post /v1/auth/refresh "{\"refresh_token\":\"$refresh_token\"}"
		expect 200
		refresh_token=$(json .refresh_token)
	done
	post /v1/auth/refresh "{\"refresh_token\":\"$first\"}"
	expect 401 refresh_token_reused
	ends_within_a_second eve ws "$(now_ms)"
}

@test "P6: a deleted conversation delivers nothing more, whatever is published" {
	as alice
	group Room bob
	for transport in "${TRANSPORTS[@]}"; do as bob; listen "$transport" "$transport"; done
	as alice
	fence ws sse poll
	gone=$room
	delete "/v1/conversations/$gone"
	# A forged notification for it is ignored.
	publish "c:$gone" "t $user_id"
	group Other bob
	fence ws sse poll
	for transport in "${TRANSPORTS[@]}"; do
		in_order "$transport" "$gone" 1 3
		not_heard "$transport" '.type == "typing.updated"'
	done
}

@test "malformed notifications are ignored and logged" {
	as alice
	group Room bob
	as bob
	listen bob ws
	as alice
	for payload in "" e "e x y z" "e 1" "e 9223372036854775807 9223372036854775807 0" "e 99999999999999999999 3 0
{}" "r" "r x" "t" "t -1" "j" "q" $'\x01' "e 5 5 *"; do
		publish "c:$room" "$payload"
		publish "u:$(id_of bob)" "$payload"
		publish "p:$(id_of bob)" "$payload"
	done
	publish "c:x" "t 1"
	publish "nonsense" "t 1"
	fence bob
	in_order bob "$room" 1 2
}
