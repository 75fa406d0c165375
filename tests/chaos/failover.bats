# The primary dies and its standby takes over, with all that was acknowledged or without the end of
# it.
# SPDX-License-Identifier: MIT

setup() {
	load ../support/helpers
	load ../support/streams
	load stack
	load pair
	own_state BANTER_API_WORKERS=2 BANTER_DRAIN_SECONDS=5
	PAIR='' # pair_start names its folder
	rm -f "$BATS_FILE_TMPDIR"/person.* # each test has a Banter of its own
}
teardown() {
	streams_end
	own_stack_end
	pair_end
}

# begin sync|async: starts both servers, and Banter on them.
begin() {
	pair_start "$1"
	"$root/scripts/stack" start 3>&- 4>&-
	eval "$("$root/scripts/stack" env)"
	URL=http://${BANTER_LISTEN:-127.0.0.1}:$BANTER_PORT PUSH_URL=http://${BANTER_PUSH_LISTEN:-127.0.0.1}:$BANTER_PUSH_PORT
}

horizon_is_replayed() { [ "$(pair_psql b 'select last_value from banter.horizon_reached' banter)" = "$(pair_psql a 'select last_value from banter.horizon_reached' banter)" ]; }

# A send goes through on the new primary; a request that meets the old one may fail.
sends_again() {
	post "/v1/conversations/$room/messages" '{"client_id":"after the failover","text":"after the failover"}'
	[[ $reply_status = 20[01] ]]
}

@test "P1, P2, P3, P5: a synchronous standby takes over under load: nothing is lost or repeated, and cursors stay valid" {
	begin sync
	verifiers
	more_stored 60
	as alice
	direct_with bob
	for transport in "${TRANSPORTS[@]}"; do as bob; listen "$transport" "$transport"; done
	as alice
	send "before the failover"
	for transport in "${TRANSPORTS[@]}"; do heard "$transport" '.data.text == "before the failover"'; done
	pair_kill
	pair_promote
	wait_until 30 sends_again
	more_stored 100
	for transport in "${TRANSPORTS[@]}"; do
		heard "$transport" '.data.text == "after the failover"' 20
		not_heard "$transport" '.type == "stream.reset"'
	done
	crowd_judges
	sed '$d' "$BATS_TEST_TMPDIR/crowd"
	[ "$(jq .acknowledged <<<"$verdict")" -ge 150 ]
}

@test "P3: an asynchronous standby takes over without the last messages: cursors that cover them get stream.reset, others resume" {
	begin async
	as alice
	group Tail bob
	for transport in "${TRANSPORTS[@]}"; do as bob; listen "open-$transport" "$transport"; listen "gone-$transport" "$transport"; done
	as alice
	send "kept"
	for transport in "${TRANSPORTS[@]}"; do heard "gone-$transport" '.data.text == "kept"'; done
	get /v1/sync
	cursor=$(json .cursor)
	wait_until 10 horizon_is_replayed # the standby knows that the cursor's base was reached
	pair_cut
	send "lost 1"
	send "lost 2"
	for transport in "${TRANSPORTS[@]}"; do
		for name in open gone; do heard "$name-$transport" '.data.text == "lost 2"'; done
		hang_up "gone-$transport"
	done
	get "/v1/sync?since=$cursor"
	lost_cursor=$(json .cursor)
	pair_kill
	pair_promote
	as alice
	wait_until 30 sends_again

	get "/v1/sync?since=$lost_cursor"
	expect 200
	[ "$(json .reset)" = ahead ]
	get "/v1/sync?since=$cursor"
	expect 200
	[ "$(json '[has("reset"), (.events | map(.data.text) | join(","))] | map(tostring) | join(" ")')" = "false after the failover" ]
	as bob
	# were open through the failover
	for transport in ws sse; do closed_with "open-$transport" 4005 20; done
	hang_up open-poll
	for transport in "${TRANSPORTS[@]}"; do
		for name in open gone; do
			# push may refuse it until it has read a horizon
			listen "$name-$transport" "$transport" --reconnect
			heard "$name-$transport" '.type == "stream.reset" and .data.reason == "ahead"' 20
		done
	done
	get "/v1/conversations/$room/messages"
	[ "$(json '[.messages[].text] | join(",")')" = "kept,after the failover" ]
}

@test "P2, P3: an asynchronous standby takes over under load: only the last messages are lost, and no device keeps them" {
	begin async
	verifiers --lossy
	more_stored 60
	as alice
	direct_with bob
	pair_cut
	more_stored 40 # these are lost
	pair_kill
	pair_promote
	wait_until 30 sends_again
	more_stored 100
	crowd_judges
	sed '$d' "$BATS_TEST_TMPDIR/crowd"
	[ "$(jq '.acknowledged >= 150 and .lost >= 20 and .resets >= 6' <<<"$verdict")" = true ]
}

@test "P2: a conversation whose notification was lost with the old primary reaches open streams" {
	begin sync
	names=(bob carol erin frank grace)
	as alice
	group Warm "${names[@]}"
	for name in "${names[@]}"; do
		as "$name"
		listen "$name" ws --reconnect
	done
	as alice
	fence "${names[@]}"
	mapfile -t ids < <(for name in "${names[@]}"; do id_of "$name"; done)
	# committed on both servers, without a notification
	lost=$(psql_banter "select payload::json ->> 'id' from conversation_group($user_id, 'Lost', array[$(IFS=,; echo "${ids[*]}")], 'full') where channel is null")
	pair_kill
	pair_promote
	wait_until 30 sends_again
	for name in "${names[@]}"; do heard "$name" ".type == \"conversation.created\" and .conversation_id == \"$lost\"" 20; done
	room=$lost
	fence "${names[@]}"
}
