# Presence: beats, the best of the devices, asking, watching. What needs shorter times is in chaos/clocks.bats.
# SPDX-License-Identifier: MIT

setup() { load helpers; load streams; }
teardown() { streams_end; }

beat() { post /v1/presence/heartbeat "{\"status\":\"$1\"}"; expect 204; }
status_of() { get "/v1/presence?user_ids=$1" && json '.presence[0].status'; }
status_is() { [ "$(status_of "$1")" = "$2" ]; }
watch() { put /v1/presence/watch "{\"user_ids\":[$([ $# = 0 ] || printf '"%s",' "$@" | sed 's/,$//')]}"; }
is() { echo ".type == \"presence.updated\" and .data.user_id == \"$1\" and .data.status == \"$2\""; }

# The three lists that the tests below share: alice knows bob and carol, not the stranger.
acquaint() {
	as alice
	group Known bob carol
}

@test "heartbeat: online, away, online" {
	acquaint
	as bob
	post /v1/presence/heartbeat
	expect 204
	as alice
	[ "$(status_of "$(id_of bob)")" = online ]
	as bob
	beat away
	as alice
	[ "$(status_of "$(id_of bob)")" = away ]
	as bob
	post /v1/presence/heartbeat '{}'
	expect 204
	as alice
	[ "$(status_of "$(id_of bob)")" = online ]
	as bob
	for bad in '{"status":"offline"}' '{"status":"busy"}' '{"status":null}' '{"status":1}'; do
		post /v1/presence/heartbeat "$bad"
		[ "$reply_status" = 422 ] && [ "$(json '[.code, .field] | join(" ")')" = "invalid_body status" ] || { echo "$bad: $reply_status $reply"; return 1; }
	done
	post /v1/presence/heartbeat '{"x":1}'
	expect 422 unknown_field
	as nobody
	post /v1/presence/heartbeat
	expect 401 unauthenticated
}

@test "the best of the devices counts" {
	acquaint
	as_device dora phone
	as alice
	group More dora
	as dora
	beat away
	as_device dora phone
	beat online
	as alice
	[ "$(status_of "$(id_of dora)")" = online ]
	as_device dora phone
	beat away
	as alice
	[ "$(status_of "$(id_of dora)")" = away ]
}

@test "asking: only about people who share a conversation" {
	acquaint
	as stranger
	beat online
	as carol
	beat online
	as alice
	get "/v1/presence?user_ids=$(id_of bob),$(id_of stranger),$(id_of carol),1"
	expect 200
	[ "$(json '.presence | map(.user_id) | sort == (["'"$(id_of bob)"'","'"$(id_of carol)"'"] | sort)')" = true ]
	as stranger
	get "/v1/presence?user_ids=$(id_of alice)"
	[ "$(json '.presence | length')" = 0 ]
	get "/v1/presence?user_ids=$user_id"
	[ "$(json '.presence[0].status')" = online ]
	as alice
	for bad in "" "?user_ids=" "?user_ids=x" "?user_ids=1,,2" "?user_ids=1,x" "?user_ids=0" "?user_ids=-1" "?user_ids=$(seq -s, 1 501)" "?user_ids=99999999999999999999"; do
		get "/v1/presence$bad"
		[ "$reply_status" = 422 ] && [ "$(json '[.code, .field] | join(" ")')" = "invalid_parameter user_ids" ] || { echo "$bad: $reply_status $reply"; return 1; }
	done
	get "/v1/presence?user_ids=$(seq -s, 1 500)"
	expect 200
	as nobody
	get "/v1/presence?user_ids=1"
	expect 401 unauthenticated
}

@test "asking: who left is not shown any more" {
	as alice
	group Left eve
	as eve
	beat online
	as alice
	[ "$(status_of "$(id_of eve)")" = online ]
	delete "/v1/conversations/$room/members/$(id_of eve)"
	get "/v1/presence?user_ids=$(id_of eve)"
	[ "$(json '.presence | length')" = 0 ]
}

@test "watching: each transport hears who comes and goes" {
	acquaint
	as alice
	watch "$(id_of bob)" "$(id_of stranger)"
	expect 200
	[ "$(json '.watching | join(" ")')" = "$(id_of bob)" ]
	[ "$(json '.presence[0].user_id')" = "$(id_of bob)" ]
	for transport in "${TRANSPORTS[@]}"; do listen "alice-$transport" "$transport"; done
	turn=0
	# Polls hear what happens while they wait: so it happens until they have.
	flip_heard() {
		local state
		turn=$((turn + 1))
		if [ $((turn % 2)) = 0 ]; then state=online; else state=away; fi
		(as bob && beat $state)
		wait_until 1 event_there "alice-$transport" "$(is "$(id_of bob)" away)"
	}
	for transport in "${TRANSPORTS[@]}"; do wait_until 10 flip_heard 2>/dev/null || { heard_all "alice-$transport"; return 1; }; done
	heard alice-ws "$(is "$(id_of bob)" away)"
	[ "$(jq -c 'del(._at, .time, .data.last_seen)' <<<"$event")" = "{\"type\":\"presence.updated\",\"data\":{\"user_id\":\"$(id_of bob)\",\"status\":\"away\"}}" ]
}

# flips NAME WHO: away and online again and again until the stream NAME has heard it once more.
flips() {
	local before
	before=$(count_heard "$1" "$(is "$(id_of "$2")" away)")
	again() {
		(as "$2" && beat away && beat online)
		wait_until 1 as_many_heard "$1" "$(is "$(id_of "$2")" away)" $((before + 1))
	}
	wait_until 10 again "$1" "$2" 2>/dev/null
}

@test "watching: the list is replaced, and strangers are never told" {
	acquaint
	as alice
	watch "$(id_of bob)"
	listen alice ws
	flips alice bob
	watch "$(id_of carol)"
	expect 200
	flips alice carol
	heard_before=$(count_heard alice "$(is "$(id_of bob)" away)")
	(as bob && beat away && beat online)
	flips alice carol
	as alice
	fence alice
	[ "$(count_heard alice "$(is "$(id_of bob)" away)")" = "$heard_before" ]
	watch
	expect 200
	[ "$(json '.watching | length')" = 0 ]
	for bad in '{}' '{"user_ids":"1"}' '{"user_ids":[1]}' '{"user_ids":["x"]}' "{\"user_ids\":[$(printf '"%d",' {1..501} | sed 's/,$//')]}"; do
		put /v1/presence/watch "$bad"
		[ "$reply_status" = 422 ] && [ "$(json '[.code, .field] | join(" ")')" = "invalid_body user_ids" ] || { echo "$bad: $reply_status $reply"; return 1; }
	done
	as nobody
	watch
	expect 401 unauthenticated
}

@test "watching: by a frame, for this connection" {
	acquaint
	as bob
	beat away
	as alice
	watch
	listen alice ws
	speak alice "{\"type\":\"presence.watch\",\"user_ids\":[\"$(id_of bob)\",\"$(id_of stranger)\"]}"
	heard alice '.type == "presence.state"'
	[ "$(jq -c '.data.presence | map({user_id, status})' <<<"$event")" = "[{\"user_id\":\"$(id_of bob)\",\"status\":\"away\"}]" ]
	as bob
	beat online
	heard alice "$(is "$(id_of bob)" online)"
}

@test "a device that holds a stream is online, on each transport" {
	for transport in "${TRANSPORTS[@]}"; do
		as "holder-$transport"
		listen "$transport" "$transport"
		as alice
		group Hold "holder-$transport"
		wait_until 5 status_is "$(id_of "holder-$transport")" online
	done
}

@test "the frame heartbeat says away" {
	acquaint
	as carol
	listen carol ws
	as alice
	watch "$(id_of carol)"
	listen alice ws
	wait_until 5 status_is "$(id_of carol)" online
	speak carol '{"type":"heartbeat","status":"away"}'
	heard alice "$(is "$(id_of carol)" away)"
	speak carol '{"type":"heartbeat"}'
	heard alice "$(is "$(id_of carol)" online)"
	speak carol '{"type":"heartbeat","status":"asleep"}'
	heard carol '.type == "error" and .code == "invalid_body"'
}

@test "logging out is going offline at once" {
	acquaint
	as leaver
	beat online
	as alice
	group Bye leaver
	watch "$(id_of leaver)"
	listen alice ws
	as leaver
	post /v1/auth/logout
	expect 204
	heard alice "$(is "$(id_of leaver)" offline)" 3
	[ "$(jq -r '.data | has("last_seen")' <<<"$event")" = true ]
	as alice
	seen() { get "/v1/users/$(id_of leaver)" && [ "$(json 'has("last_seen")')" = true ]; }
	wait_until 5 seen	# The stream says the same when it is asked.
	speak alice "{\"type\":\"presence.watch\",\"user_ids\":[\"$(id_of leaver)\"]}"
	heard alice ".type == \"presence.state\" and .data.presence[0].status == \"offline\" and .data.presence[0].last_seen == \"$(json .last_seen)\""
}
