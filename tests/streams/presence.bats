# Presence: heartbeats, the best status of the devices, queries and watch lists. Tests with shorter
# times are in chaos/clocks.bats.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; load ../support/streams; }
teardown() { streams_end; }

beat() { post /v1/presence/heartbeat "{\"status\":\"$1\"}"; expect 204; }
status_of() { get "/v1/presence?user_ids=$1" && json '.presence[0].status'; }
status_is() { [ "$(status_of "$1")" = "$2" ]; }
watch() { put /v1/presence/watch "{\"user_ids\":[$([ $# = 0 ] || printf '"%s",' "$@" | sed 's/,$//')]}"; }
is() { echo ".type == \"presence.updated\" and .data.user_id == \"$1\" and .data.status == \"$2\""; }

# acquaint: creates the conversations of the tests below. alice shares one with bob and carol, none
# with the stranger.
acquaint() {
	as alice
	group Known bob carol
}

@test "heartbeat: its status is shown: online, away, online" {
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

@test "presence: the best status of the devices counts" {
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

@test "query: only users who share a conversation are shown" {
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
	# 500 ids of full length: too long for a URL, but not for a body.
	post /v1/presence/query "{\"user_ids\":[\"$(id_of bob)\",$(seq -s, 9000000000000000001 9000000000000000499 | sed 's/[0-9]*/"&"/g')]}"
	expect 200
	for bad in '{}' '{"user_ids":[]}' '{"user_ids":[1]}' "{\"user_ids\":[$(seq -s, 1 501 | sed 's/[0-9]*/"&"/g')]}"; do
		post /v1/presence/query "$bad"
		[ "$reply_status" = 422 ] && [ "$(json '[.code, .field] | join(" ")')" = "invalid_body user_ids" ] || { echo "$bad: $reply_status $reply"; return 1; }
	done
	get "/v1/presence?user_ids=$(seq -s, 1 500)"
	expect 200
	as nobody
	get "/v1/presence?user_ids=1"
	expect 401 unauthenticated
}

@test "query: a user who left the common conversation is not shown any more" {
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

@test "watching: each transport receives status changes" {
	acquaint
	as alice
	watch "$(id_of bob)" "$(id_of stranger)"
	expect 200
	[ "$(json '.watching | join(" ")')" = "$(id_of bob)" ]
	[ "$(json '.presence[0].user_id')" = "$(id_of bob)" ]
	for transport in "${TRANSPORTS[@]}"; do listen "alice-$transport" "$transport"; done
	turn=0
	# Repeats the change until the polls have received it, because a poll receives it only while
	# it waits.
	flip_heard() {
		local state
		turn=$((turn + 1))
		if [ $((turn % 2)) = 0 ]; then state=online; else state=away; fi
		(as bob && beat $state)
		wait_until 1 event_there "alice-$transport" "$(is "$(id_of bob)" away)"
	}
	for transport in "${TRANSPORTS[@]}"; do wait_until 30 flip_heard 2>/dev/null || { heard_all "alice-$transport"; return 1; }; done
	heard alice-ws "$(is "$(id_of bob)" away)"
	[ "$(jq -c 'del(._at, .time, .data.last_seen)' <<<"$event")" = "{\"type\":\"presence.updated\",\"data\":{\"user_id\":\"$(id_of bob)\",\"status\":\"away\"}}" ]
}

# flips NAME WHO: switches between away and online until the stream NAME has received it once more.
flips() {
	local before
	before=$(count_heard "$1" "$(is "$(id_of "$2")" away)")
	again() {
		(as "$2" && beat away && beat online)
		wait_until 1 as_many_heard "$1" "$(is "$(id_of "$2")" away)" $((before + 1))
	}
	wait_until 30 again "$1" "$2" 2>/dev/null
}

@test "watching: a new list replaces the old one, and strangers are never shown" {
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

@test "watching: a frame sets the list for its connection" {
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

@test "watching: a frame during the replay sets the list" {
	acquaint
	as bob
	beat away
	as alice
	listen late ws
	hang_up late
	# More than the sockets hold: the replay does not end while alice does not read.
	psql_banter "select count(*) from generate_series(1, 250) n, message_send($room, $(id_of bob), 'missed-' || n, repeat('x', 60000), null, null)" >/dev/null
	listen late ws --hold
	speak late "{\"type\":\"presence.watch\",\"user_ids\":[\"$(id_of bob)\"]}"
	wait_until 10 subscribed "$(id_of bob)"
	speak late '!resume'
	heard late '.type == "presence.state"' 20
	[ "$(jq -c '.data.presence | map({user_id, status})' <<<"$event")" = "[{\"user_id\":\"$(id_of bob)\",\"status\":\"away\"}]" ]
	in_order_within 30 late "$room" 1 251
	fence late
	as bob
	beat online
	heard late "$(is "$(id_of bob)" online)"
}
# subscribed USER: checks that push receives this user's changes of presence.
subscribed() { [ "$(redis pubsub numsub "${BANTER_REDIS_PREFIX:-banter:}p:$1" | tail -n 1)" -ge 1 ]; }

@test "presence: a device with an open stream is online, on each transport" {
	for transport in "${TRANSPORTS[@]}"; do
		as "holder-$transport"
		listen "$transport" "$transport"
		as alice
		group Hold "holder-$transport"
		wait_until 5 status_is "$(id_of "holder-$transport")" online
	done
}

@test "presence: the frame heartbeat sets away" {
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

@test "presence: logout sets offline at once" {
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
	wait_until 5 seen
	# strangers do not see it
	for path in "/v1/users/$(id_of leaver)" "/v1/users?prefix=$(name_of leaver)"; do
		as stranger
		get "$path"
		expect 200
		[ "$(json '[.. | .last_seen? // empty] | length')" = 0 ] || { echo "$path: $reply"; return 1; }
		as alice
		get "$path"
		[ "$(json '[.. | .last_seen? // empty] | length')" = 1 ] || { echo "$path: $reply"; return 1; }
	done
	get "/v1/users/$(id_of leaver)"
	# A query on the stream returns the same.
	speak alice "{\"type\":\"presence.watch\",\"user_ids\":[\"$(id_of leaver)\"]}"
	heard alice ".type == \"presence.state\" and .data.presence[0].status == \"offline\" and .data.presence[0].last_seen == \"$(json .last_seen)\""
}

# heard_so_far NAME WHO: prints how often the stream NAME received that this user is away.
heard_so_far() { count_heard "$1" "$(is "$(id_of "$2")" away)"; }
flip() { (as "$1" && beat away && beat online); }

@test "P6: users without a common conversation receive no presence of each other, and do again in a new one" {
	as pam
	group Fence rita
	fence_room=$room
	listen pam ws
	for way in removed left other_left deleted; do
		as quinn
		[ $way != other_left ] || as pam
		group "$way" "$([ $way = other_left ] && echo quinn || echo pam)"
		shared=$room
		as pam
		heard pam ".type == \"conversation.created\" and .conversation_id == \"$shared\""
		# Sets the list at the first time; afterwards it is still stored.
		[ $way != removed ] || speak pam "{\"type\":\"presence.watch\",\"user_ids\":[\"$(id_of quinn)\"]}"
		flips pam quinn
		case $way in
		removed) as quinn; delete "/v1/conversations/$shared/members/$(id_of pam)" ;;
		left) as pam; delete "/v1/conversations/$shared/members/$user_id" ;;
		other_left) as quinn; delete "/v1/conversations/$shared/members/$user_id" ;;
		deleted) as quinn; delete "/v1/conversations/$shared" ;;
		esac
		expect 204
		as pam
		heard pam ".conversation_id == \"$shared\" and (.type == \"member.removed\" or .type == \"conversation.deleted\")"
		room=$fence_room
		before=$(heard_so_far pam quinn)
		flip quinn
		fence pam
		[ "$(heard_so_far pam quinn)" = "$before" ] || { heard_all pam; return 1; }
	done
}

@test "watching: a list by a frame is not replaced by an earlier one by REST" {
	acquaint
	as bob
	beat away
	as alice
	watch "$(id_of carol)"
	expect 200
	redis client pause 2000 all >/dev/null # Redis returns the list of REST late
	listen alice ws
	speak alice "{\"type\":\"presence.watch\",\"user_ids\":[\"$(id_of bob)\"]}"
	heard alice '.type == "presence.state"'
	flips alice bob
	[ "$(events_of alice | jq -r 'select(.type == "presence.state") | .data.presence[].user_id' | tail -n 1)" = "$(id_of bob)" ]
}
