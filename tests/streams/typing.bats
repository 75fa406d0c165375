# Typing: delivered to the other members, valid for six seconds, throttled, never stored.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; load ../support/streams; }
teardown() { streams_end; }

typing() { post "/v1/conversations/$room/typing"; }
types() { echo ".type == \"typing.updated\" and .data.conversation_id == \"$room\" and .data.user_id == \"$1\""; }
forget_throttle() { redis del "banter:typing:$room:$1" >/dev/null; }

@test "typing: other members receive it on each transport, the typist does not" {
	as alice
	group Room bob
	for transport in "${TRANSPORTS[@]}"; do
		as bob
		listen "bob-$transport" "$transport"
		as alice
		listen "alice-$transport" "$transport"
	done
	type_again() {
		forget_throttle "$user_id"
		typing
		wait_until 1 event_there "bob-$transport" "$(types "$user_id")"
	}
	for transport in "${TRANSPORTS[@]}"; do
		wait_until 30 type_again 2>/dev/null
		heard "bob-$transport" "$(types "$user_id")"
		[ "$(jq -c 'del(._at, .time)' <<<"$event")" = "{\"type\":\"typing.updated\",\"data\":{\"conversation_id\":\"$room\",\"user_id\":\"$user_id\",\"expires_in\":6}}" ]
	done
	fence alice-ws alice-sse alice-poll
	for transport in "${TRANSPORTS[@]}"; do not_heard "alice-$transport" '.type == "typing.updated"'; done
}

@test "typing: switching between conversations does not evade the interval" {
	as alice
	group One bob
	one=$room
	group Two bob
	two=$room
	as bob
	listen bob ws
	as alice
	listen alice ws
	start=$(now_ms)
	for i in {1..20}; do
		for room in "$one" "$two"; do speak alice "{\"type\":\"typing\",\"conversation_id\":\"$room\"}"; done
	done
	fence bob
	[ "$(count_heard bob '.type == "typing.updated"')" -ge 1 ]
	[ "$(count_heard bob '.type == "typing.updated"')" -le $((1 + $(elapsed_ms "$start") / 1000)) ]
}

@test "typing: a frame announces it" {
	as alice
	group Room bob
	listen alice ws
	as bob
	listen bob ws
	speak alice "{\"type\":\"typing\",\"conversation_id\":\"$room\"}"
	heard bob "$(types "$(id_of alice)")"
	as stranger
	listen stranger ws
	speak stranger "{\"type\":\"typing\",\"conversation_id\":\"$room\"}"
	heard stranger '.type == "error" and .code == "not_a_member"'
	for bad in '{"type":"typing"}' '{"type":"typing","conversation_id":5}' '{"type":"typing","conversation_id":"x"}'; do speak stranger "$bad"; done
	heard_times stranger '.type == "error" and .code == "invalid_body"' 3
	as bob
	fence bob
	not_heard bob "$(types "$(id_of stranger)")"
}

@test "typing: repeats within the interval are not delivered" {
	as alice
	group Room bob
	as bob
	listen bob ws
	as alice
	for i in {1..10}; do
		typing
		expect 204
	done
	heard bob "$(types "$user_id")"
	as bob
	fence bob
	[ "$(count_heard bob "$(types "$(id_of alice)")")" -le 2 ]
}

@test "typing: strangers and bad ids are refused" {
	as alice
	group Room bob
	as stranger
	typing
	expect 403 not_a_member
	room=1 typing
	expect 403 not_a_member
	post /v1/conversations/x/typing
	expect 422 invalid_parameter
	as nobody
	typing
	expect 401 unauthenticated
}
