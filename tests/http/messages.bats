# Messages: send, history, one message and its status.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; load ../support/streams; }
teardown() { streams_end; }

post_text() { post "/v1/conversations/$room/messages" "{\"client_id\":\"$1\",\"text\":\"$2\"}"; }
texts_here() { json '.messages | map(.text) | join(" ")'; }
history() { get "/v1/conversations/$room/messages$1"; }

# nine: creates a conversation of alice and bob with the messages m1 … m9; $ids are their ids.
nine() {
	as alice
	group Nine bob
	ids=()
	for i in {1..9}; do
		send "m$i"
		ids+=("$message")
	done
}

@test "send: the reply has the message with its seq and time" {
	as alice
	group Room bob
	before=$(date -u +%Y-%m-%dT%H:%M:%S.000Z)
	post "/v1/conversations/$room/messages" '{"client_id":"c-1","text":"Zeile\n\"zwei\" \\ 🙂 \u0001 \ud83d\ude42","data":{"a":null,"b":[1,2.50,{"c":"ü"}]}}'
	expect 201
	[ "$(json '[.conversation_id, .sender_id, .client_id, .seq] | join(" ")')" = "$room $user_id c-1 2" ]
	[ "$(json .text)" = $'Zeile\n"zwei" \\ 🙂 \x01 🙂' ]
	[ "$(json .data)" = '{"a":null,"b":[1,2.50,{"c":"ü"}]}' ] || [ "$(json -S .data)" = '{"a":null,"b":[1,2.5,{"c":"ü"}]}' ]
	[[ $(json .created_at) > $before || $(json .created_at) = "$before" ]]
	[ "$(json 'keys - ["id","conversation_id","seq","sender_id","client_id","text","data","created_at","status","receipts"]')" = "[]" ]
	# The id contains the time: its high bits are milliseconds since 2024.
	id=$(json .id)
	[ $(((id >> 22) + 1704067200000)) = "$(date -d "$(json .created_at)" +%s%3N)" ]
}

@test "send: reply_to must name a message of the same conversation" {
	as alice
	group Room bob
	send question
	post "/v1/conversations/$room/messages" "{\"client_id\":\"r\",\"text\":\"answer\",\"reply_to\":\"$message\"}"
	expect 201
	[ "$(json .reply_to)" = "$message" ]
	group Other bob
	post "/v1/conversations/$room/messages" "{\"client_id\":\"r\",\"text\":\"answer\",\"reply_to\":\"$message\"}"
	expect 422 unknown_reply
	post "/v1/conversations/$room/messages" '{"client_id":"r","text":"answer","reply_to":"1"}'
	expect 422 unknown_reply
	get "/v1/conversations/$room"
	[ "$(json .last_seq)" = 1 ]
}

@test "send: an empty text is accepted only with data" {
	as alice
	group Room bob
	post_text e ""
	expect 422 invalid_body
	[ "$(json .field)" = text ]
	post "/v1/conversations/$room/messages" '{"client_id":"e","text":"","data":{"kind":"wave"}}'
	expect 201
	post "/v1/conversations/$room/messages" '{"client_id":"f","data":{"kind":"wave"}}'
	expect 422 invalid_body
	[ "$(json .field)" = text ]
}

@test "send: strangers, unauthenticated clients and unknown conversations are refused" {
	as alice
	group Room bob
	as stranger
	post_text x x
	expect 403 not_a_member
	room=1 post_text x x
	expect 403 not_a_member
	as nobody
	post_text x x
	expect 401 unauthenticated
	as alice
	get "/v1/conversations/$room"
	[ "$(json .last_seq)" = 1 ]
}

@test "P4: a send that is repeated with its client_id returns the same message" {
	as alice
	group Room bob
	post_text a1 hi
	expect 201
	first=$(json -S 'del(.status, .receipts)')
	send between
	post_text a1 hi
	expect 200
	[ "$(json -S 'del(.status, .receipts)')" = "$first" ]
	post_text a1 "something else"
	expect 409 client_id_reused
	post "/v1/conversations/$room/messages" '{"client_id":"a1","text":"hi","data":{}}'
	expect 409 client_id_reused
	post "/v1/conversations/$room/messages" "{\"client_id\":\"a1\",\"text\":\"hi\",\"reply_to\":\"$message\"}"
	expect 409 client_id_reused
	# A client_id is unique per sender and conversation.
	as bob
	post_text a1 hi
	expect 201
	as alice
	group Other bob
	post_text a1 hi
	expect 201
}

@test "P4: the same data in another order of keys is the same content" {
	as alice
	group Room bob
	post "/v1/conversations/$room/messages" '{"client_id":"d","text":"x","data":{"a":1,"b":{"c":2,"d":3}}}'
	expect 201
	post "/v1/conversations/$room/messages" '{"text":"x","data":{"b":{"d":3,"c":2},"a":1},"client_id":"d"}'
	expect 200
	post "/v1/conversations/$room/messages" '{"client_id":"d","text":"x","data":{"a":1,"b":{"c":2,"d":4}}}'
	expect 409 client_id_reused
}

@test "P4: the same client_id sent twenty times at once is one message" {
	as alice
	group Room bob
	listen bob ws --token "$(token_of bob)"
	for i in {1..20}; do
		curl -s -w '\n%{http_code}\n' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
			-d '{"client_id":"once","text":"only once"}' "$URL/v1/conversations/$room/messages" >"$BATS_TEST_TMPDIR/race.$i" &
		racers+=($!)
	done
	wait "${racers[@]}"
	[ "$(tail -qn 1 "$BATS_TEST_TMPDIR"/race.* | grep -c 201)" = 1 ]
	[ "$(tail -qn 1 "$BATS_TEST_TMPDIR"/race.* | grep -c 200)" = 19 ]
	[ "$(head -qn 1 "$BATS_TEST_TMPDIR"/race.* | jq -c '[.id, .seq, .text]' | sort -u | wc -l)" = 1 ]
	history ""
	[ "$(json '.messages | length')" = 1 ]
	fence bob
	[ "$(count_heard bob '.data.client_id == "once"')" = 1 ]
	in_order bob "$room" 1 3
}

@test "P4: of twenty concurrent contents under one client_id one is stored and nineteen are refused" {
	as alice
	group Room bob
	for i in {1..20}; do
		curl -s -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
			-d "{\"client_id\":\"once\",\"text\":\"content $i\"}" "$URL/v1/conversations/$room/messages" >"$BATS_TEST_TMPDIR/race.$i" &
		racers+=($!)
	done
	wait "${racers[@]}"
	[ "$(cat "$BATS_TEST_TMPDIR"/race.* | sort | uniq -c | awk '{ print $2 "x" $1 }' | paste -sd' ')" = "201x1 409x19" ]
	history ""
	[ "$(json '.messages | length')" = 1 ]
}

@test "history: pages go from the newest messages to the beginning, each ascending" {
	nine
	history ""
	expect 200
	[ "$(texts_here)" = "m1 m2 m3 m4 m5 m6 m7 m8 m9" ]
	[ "$(json .has_more)" = false ]
	[ "$(json '.messages | map(.seq) | join(" ")')" = "2 3 4 5 6 7 8 9 10" ]
	history "?limit=4"
	[ "$(texts_here) $(json .has_more)" = "m6 m7 m8 m9 true" ]
	history "?limit=4&before=${ids[5]}"
	[ "$(texts_here) $(json .has_more)" = "m2 m3 m4 m5 true" ]
	history "?limit=4&before=${ids[1]}"
	[ "$(texts_here) $(json .has_more)" = "m1 false" ]
	history "?before=${ids[0]}"
	[ "$(json '[(.messages | length), .has_more] | join(" ")')" = "0 false" ]
}

@test "history: pages after and around an anchor" {
	nine
	history "?limit=3&after=${ids[1]}"
	[ "$(texts_here) $(json .has_more)" = "m3 m4 m5 true" ]
	history "?limit=3&after=${ids[5]}"
	[ "$(texts_here) $(json .has_more)" = "m7 m8 m9 false" ]
	history "?after=${ids[8]}"
	[ "$(json '[(.messages | length), .has_more] | join(" ")')" = "0 false" ]
	history "?limit=5&around=${ids[4]}"
	[ "$(texts_here) $(json '[.has_more, .has_newer] | join(" ")')" = "m3 m4 m5 m6 m7 true true" ]
	history "?limit=5&around=${ids[8]}"
	[[ " $(texts_here) " == *" m8 m9 "* ]]
	[ "$(json '[.has_more, .has_newer] | join(" ")')" = "true false" ]
	history "?limit=5&around=${ids[0]}"
	[[ " $(texts_here) " == *" m1 m2 "* ]]
	[ "$(json '[.has_more, .has_newer] | join(" ")')" = "false true" ]
}

@test "history: an anchor of another conversation is an error, not an empty page" {
	nine
	as alice
	group Other bob
	send elsewhere
	other=$message
	group Here bob
	send here
	for anchor in before after around; do
		history "?$anchor=$other"
		expect 422 unknown_anchor
		history "?$anchor=1"
		expect 422 unknown_anchor
		for bad in x 0 -1 "" 1.0 99999999999999999999; do
			history "?$anchor=$bad"
			[ "$reply_status" = 422 ] && [ "$(json .code)" = invalid_parameter ] && [ "$(json .field)" = $anchor ] || { echo "$anchor=$bad: $reply_status $reply"; return 1; }
		done
	done
	history "?before=$message&after=$message"
	expect 422 invalid_parameter
	for bad in 0 201 x -5; do
		history "?limit=$bad"
		expect 422 invalid_parameter
		[ "$(json .field)" = limit ]
	done
	as stranger
	history ""
	expect 403 not_a_member
	as nobody
	history ""
	expect 401 unauthenticated
}

@test "P2: seq is dense, and the same in the reply, in history and on each transport" {
	as alice
	group Room bob
	for transport in "${TRANSPORTS[@]}"; do listen "bob-$transport" "$transport" --token "$(token_of bob)"; done
	printf '%s\n' {1..40} | xargs -P 8 -I{} curl -s -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
		-d '{"client_id":"p{}","text":"t{}"}' -w '\n' "$URL/v1/conversations/$room/messages" | jq -c '[.seq, .id, .text]' | sort -V >"$BATS_TEST_TMPDIR/replies"
	[ "$(jq -r '.[0]' "$BATS_TEST_TMPDIR/replies" | paste -sd' ')" = "$(seq -s' ' 2 41)" ]
	history "?limit=200"
	json '.messages[] | [.seq, .id, .text]' | diff - "$BATS_TEST_TMPDIR/replies"
	# The order by seq is the order by id.
	[ "$(jq -r '.[1]' "$BATS_TEST_TMPDIR/replies" | sort -n | paste -sd' ')" = "$(jq -r '.[1]' "$BATS_TEST_TMPDIR/replies" | paste -sd' ')" ]
	for transport in "${TRANSPORTS[@]}"; do
		in_order_within 10 "bob-$transport" "$room" 1 41
		events_of "bob-$transport" | jq -c 'select(.type == "message.created" and .conversation_id == "'"$room"'") | [.seq, .data.id, .data.text]' | diff - "$BATS_TEST_TMPDIR/replies"
	done
}

@test "get: a message has status and receipts for its sender alone" {
	as alice
	group Room bob carol
	send hi
	get "/v1/conversations/$room/messages/$message"
	expect 200
	[ "$(json '[.text, .status, .receipts.delivered, .receipts.read, .receipts.of] | join(" ")')" = "hi sent 0 0 2" ]
	as bob
	get "/v1/conversations/$room/messages/$message"
	expect 200
	[ "$(json '[has("status"), has("receipts")] | join(" ")')" = "false false" ]
	post "/v1/conversations/$room/read" "{\"message_id\":\"$message\"}"
	as alice
	get "/v1/conversations/$room/messages/$message"
	[ "$(json '[.status, .receipts.delivered, .receipts.read] | join(" ")')" = "sent 1 1" ]
	as carol
	post /v1/receipts "{\"receipts\":[{\"conversation_id\":\"$room\",\"delivered\":\"$message\"}]}"
	as alice
	get "/v1/conversations/$room/messages/$message"
	[ "$(json '[.status, .receipts.delivered, .receipts.read] | join(" ")')" = "delivered 2 1" ]
	as carol
	post "/v1/conversations/$room/read" "{\"message_id\":\"$message\"}"
	as alice
	history ""
	[ "$(json '.messages[0] | [.status, .receipts.delivered, .receipts.read, .receipts.of] | join(" ")')" = "read 2 2 2" ]
}

@test "get: an unknown message, one of another conversation and a stranger's request are refused" {
	as alice
	group Other bob
	send elsewhere
	other=$message
	group Room bob
	get "/v1/conversations/$room/messages/$other"
	expect 404 message_not_found
	get "/v1/conversations/$room/messages/1"
	expect 404 message_not_found
	for bad in x 0 -1 99999999999999999999; do
		get "/v1/conversations/$room/messages/$bad"
		expect 422 invalid_parameter
		[ "$(json .field)" = message_id ]
	done
	as stranger
	get "/v1/conversations/$room/messages/$other"
	expect 403 not_a_member
	as nobody
	get "/v1/conversations/$room/messages/$other"
	expect 401 unauthenticated
}

@test "mentions: a list or names, at most 50, are the same by REST and by WebSocket" {
	as eve
	as alice
	group Mentions bob
	post "/v1/conversations/$room/messages" "{\"client_id\":\"m1\",\"text\":\"hi\",\"mentions\":[\"$(id_of bob)\",\"$(id_of eve)\",\"$user_id\"]}"
	expect 201
	[ "$(json -c .mentions)" = "[\"$(id_of bob)\"]" ] || { echo "$reply"; return 1; }
	listen alice ws
	speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"m2\",\"text\":\"all of you\",\"mentions\":[\"0\"]}"
	heard alice '.type == "message.sent" and .client_id == "m2" and .data.mentions == ["0"]'
	send "ask @$(name_of bob)." m3
	[ "$(json -c .mentions)" = "[\"$(id_of bob)\"]" ] || { echo "$reply"; return 1; }
	post "/v1/conversations/$room/messages" "{\"client_id\":\"m4\",\"text\":\"quoted: @$(name_of bob)\",\"mentions\":[]}"
	expect 201
	[ "$(json .mentions)" = null ]
	as bob
	get "/v1/conversations/$room"
	[ "$(json .mention_count)" = 3 ]
	as alice
	post "/v1/conversations/$room/messages" "{\"client_id\":\"m5\",\"text\":\"hi\",\"mentions\":[$(seq -s, 1 51 | sed 's/[0-9]*/"&"/g')]}"
	expect 422 too_many_mentions
	post "/v1/conversations/$room/messages" "{\"client_id\":\"m5\",\"text\":\"$(printf '@user%s ' {1..51})\"}"
	expect 422 too_many_mentions
	speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"m6\",\"text\":\"$(printf '@user%s ' {1..51})\"}"
	heard alice '.type == "error" and .client_id == "m6" and .code == "too_many_mentions"'
}
