# Receipts: delivered and read, two marks per member that only move forward.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; load ../support/streams; }
teardown() { streams_end; }

read_to() { post "/v1/conversations/$room/read" "{\"message_id\":\"$1\"}"; }
receipt() { post /v1/receipts "{\"receipts\":[{\"conversation_id\":\"$room\",$1}]}"; }
marks_of() { psql_banter "select delivered_id || ' ' || read_id from members where conversation_id = $room and user_id = $1"; }
delivered_at_least() { [ "$(marks_of "$1" | cut -d' ' -f1)" -ge "$2" ]; }
delivered_below() { [ "$(marks_of "$1" | cut -d' ' -f1)" -lt "$2" ]; }
delivered_is() { [ "$(marks_of "$1" | cut -d' ' -f1)" = "$2" ]; }

three() {
	as alice
	group Three bob
	send one; one=$message
	send two; two=$message
	send three; three=$message
}

@test "read: moves the mark to a message, and returns the remaining unread count" {
	three
	as bob
	get "/v1/conversations/$room"
	[ "$(json '[.unread_count, .read_id, .delivered_id] | join(" ")')" = "3 0 0" ]
	read_to "$two"
	expect 200
	[ "$(json '[.conversation_id, .read_id, .unread_count, .mention_count] | join(" ")')" = "$room $two 1 0" ]
	get "/v1/conversations/$room"
	[ "$(json '[.unread_count, .read_id, .delivered_id] | join(" ")')" = "1 $two $two" ]
	read_to "$three"
	[ "$(json .unread_count)" = 0 ]
	as alice
	get "/v1/conversations/$room"
	[ "$(json '[.unread_count, .read_id, .delivered_id] | join(" ")')" = "0 $three $three" ]
}

@test "read: the mention count goes down with the mark" {
	as alice
	group Room bob
	send "@$(name_of bob) one"; one=$message
	send "@$(name_of bob) two"
	send "mail@$(name_of bob)x is nobody"
	as bob
	get "/v1/conversations/$room"
	[ "$(json .mention_count)" = 2 ]
	read_to "$one"
	[ "$(json '[.unread_count, .mention_count] | join(" ")')" = "2 1" ]
}

@test "P5: marks never go back, and read is never above delivered" {
	three
	as bob
	read_to "$three"
	read_to "$one"
	expect 200
	[ "$(json '[.read_id, .unread_count] | join(" ")')" = "$three 0" ]
	receipt "\"delivered\":\"$one\",\"read\":\"$one\""
	expect 200
	[ "$(marks_of "$user_id")" = "$three $three" ]
	# Reading implies receiving. Receiving more does not imply reading.
	as alice
	group Both bob
	send one; one=$message
	send two; two=$message
	send three; three=$message
	as bob
	receipt "\"read\":\"$two\""
	[ "$(marks_of "$user_id")" = "$two $two" ]
	receipt "\"delivered\":\"$three\",\"read\":\"$one\""
	[ "$(marks_of "$user_id")" = "$three $two" ]
}

@test "P5: a mark beyond the last message stops at the last message" {
	three
	as bob
	receipt '"read":"9223372036854775807"'
	expect 200
	read -r delivered read_ < <(marks_of "$user_id")
	last=$(psql_banter "select last_id from conversations where conversations.id = $room")
	[ "$delivered" -le "$last" ] && [ "$read_" -le "$delivered" ] && [ "$read_" -ge "$three" ]
	as alice
	send four
	as bob
	get "/v1/conversations/$room"
	[ "$(json .unread_count)" = 1 ]
}

@test "P5: marks are forward only under racing updates" {
	as alice
	group Race bob
	ids=()
	for i in {1..20}; do send "m$i"; ids+=("$message"); done
	last=$message
	watch_marks() {
		while [ ! -e "$BATS_TEST_TMPDIR/stop" ]; do marks_of "$1"; done >"$BATS_TEST_TMPDIR/seen"
	}
	watch_marks "$(id_of bob)" 3>&- &
	watcher=$!
	echo $watcher >"$BATS_TEST_TMPDIR/watcher.pid"
	bob=$(token_of bob)
	for i in $(printf '%s\n' {0..19} {0..19} | shuf --random-source=<(yes)); do
		if [ $((i % 2)) = 0 ]; then what='"read"'; else what='"delivered"'; fi
		echo "{\"receipts\":[{\"conversation_id\":\"$room\",$what:\"${ids[i]}\"}]}"
	done | xargs -d '\n' -P 8 -I{} curl -s -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $bob" -H 'Content-Type: application/json' -d '{}' "$URL/v1/receipts" >"$BATS_TEST_TMPDIR/codes"
	touch "$BATS_TEST_TMPDIR/stop"
	wait $watcher
	[ "$(sort -u "$BATS_TEST_TMPDIR/codes")" = 200 ]
	[ "$(marks_of "$(id_of bob)")" = "$last ${ids[18]}" ]
	awk 'NF == 2 { if ($1 + 0 < d || $2 + 0 < r || $2 + 0 > $1 + 0) bad++; d = $1 + 0; r = $2 + 0; n++ } END { exit bad > 0 || n < 2 }' "$BATS_TEST_TMPDIR/seen"
}

@test "read: bad input and strangers are refused" {
	three
	as bob
	for bad in '{}' '{"message_id":null}' '{"message_id":1}' '{"message_id":"x"}' '{"message_id":"-1"}' '{"message_id":"99999999999999999999"}' '{"message_id":""}'; do
		post "/v1/conversations/$room/read" "$bad"
		[ "$reply_status" = 422 ] && [ "$(json .code)" = invalid_body ] && [ "$(json .field)" = message_id ] || { echo "$bad: $reply_status $reply"; return 1; }
	done
	post "/v1/conversations/$room/read" "{\"message_id\":\"$one\",\"x\":1}"
	expect 422 unknown_field
	[ "$(marks_of "$user_id")" = "0 0" ]
	as stranger
	read_to "$one"
	expect 403 not_a_member
	as nobody
	read_to "$one"
	expect 401 unauthenticated
}

@test "batch: marks of many conversations move at once, and conversations of others are listed as skipped" {
	three
	first=$room
	three
	as stranger
	group Mine
	mine=$room
	send x
	as bob
	post /v1/receipts "{\"receipts\":[{\"conversation_id\":\"$first\",\"read\":\"$three\"},{\"conversation_id\":\"$mine\",\"read\":\"$message\"},{\"conversation_id\":\"1\",\"delivered\":\"5\"}]}"
	expect 200
	[ "$(json .updated)" = 1 ]
	[ "$(json '.skipped | sort | join(" ")')" = "$(printf '%s\n' 1 "$mine" | sort | paste -sd' ')" ]
	as nobody
	post /v1/receipts '{"receipts":[]}'
	expect 401 unauthenticated
}

@test "batch: bad input changes nothing" {
	three
	as bob
	many=$(printf '{"conversation_id":"%d"},' {1..201})
	for bad in '{}' '{"receipts":[]}' '{"receipts":{}}' "{\"receipts\":[${many%,}]}" '{"receipts":[1]}' '{"receipts":[{"read":"1"}]}' '{"receipts":[{"conversation_id":1}]}' \
		"{\"receipts\":[{\"conversation_id\":\"$room\",\"read\":\"$one\"},{\"conversation_id\":\"x\"}]}" "{\"receipts\":[{\"conversation_id\":\"$room\",\"read\":\"-1\"}]}" \
		"{\"receipts\":[{\"conversation_id\":\"$room\",\"read\":5}]}" '{"cursor":5}' "{\"cursor\":\"x\",\"receipts\":[{\"conversation_id\":\"$room\",\"read\":\"$one\"}]}"; do
		post /v1/receipts "$bad"
		[ "$reply_status" = 422 ] || { echo "$bad: $reply_status $reply"; return 1; }
	done
	for bad in x AQ AQAAAA "$(printf 'A%.0s' {1..1100})" '!!' ''; do
		post /v1/receipts "{\"cursor\":\"$bad\"}"
		[ "$reply_status" = 422 ] && [[ $(json .code) =~ ^invalid_(cursor|body)$ ]] || { echo "$bad: $reply_status $reply"; return 1; }
	done
	post /v1/receipts "{\"receipts\":[{\"conversation_id\":\"$room\",\"read\":\"$one\",\"seen\":true}]}"
	expect 422 unknown_field
	[ "$(marks_of "$user_id")" = "0 0" ]
}

@test "delivered: POST /v1/receipts and ack move the mark by the cursor of the last event" {
	three
	as bob
	listen bob ws
	heard bob ".data.id == \"$two\""
	post /v1/receipts "{\"cursor\":\"$(jq -r .cursor <<<"$event")\"}"
	expect 200
	[ "$(json .updated)" -ge 1 ]
	[ "$(marks_of "$user_id")" = "$two 0" ]
	heard bob ".data.id == \"$three\""
	speak bob "{\"type\":\"ack\",\"cursor\":\"$(jq -r .cursor <<<"$event")\"}"
	wait_until 10 delivered_is "$user_id" "$three"
}

@test "delivered: resuming with a cursor moves the mark, on each transport and by sync" {
	for transport in "${TRANSPORTS[@]}" sync; do
		three
		as bob
		listen "$transport-1" ws
		heard "$transport-1" ".data.id == \"$two\""
		cursor=$(jq -r .cursor <<<"$event")
		hang_up "$transport-1"
		# A late poll of the round before may have moved it to the end of what it covered.
		delivered_below "$user_id" "$one"
		if [ "$transport" = sync ]; then get "/v1/sync?since=$cursor"; else listen "$transport-2" "$transport" --since "$cursor"; fi
		# the next poll receives the third by itself
		wait_until 10 delivered_at_least "$user_id" "$two"
		[ "$transport" = sync ] || hang_up "$transport-2"
	done
}

@test "delivered: an ack reads only the conversations with new events" {
	as alice
	group Quiet bob; quiet=$room
	group Busy bob; busy=$room
	# The conversation $quiet has not changed for ten minutes.
	psql_banter "
		update changes set id = id - (600000::bigint << 22) where conversation_id = $quiet;
		update members set joined_id = joined_id - (600000::bigint << 22), delivered_id = 0 where conversation_id = $quiet;
		update conversations set last_id = last_id - (600000::bigint << 22) where id = $quiet" >/dev/null
	send one; one=$message
	as bob
	listen bob ws
	heard bob ".data.id == \"$one\""
	speak bob "{\"type\":\"ack\",\"cursor\":\"$(jq -r .cursor <<<"$event")\"}"
	wait_until 10 delivered_is "$user_id" "$one"
	# Sets a mark back, which no client can do: it shows which conversations are examined.
	psql_banter "update members set delivered_id = 0 where conversation_id = $quiet" >/dev/null
	as alice
	send two; two=$message
	as bob
	heard bob ".data.id == \"$two\""
	cursor=$(jq -r .cursor <<<"$event")
	speak bob "{\"type\":\"ack\",\"cursor\":\"$cursor\"}"
	wait_until 10 delivered_is "$user_id" "$two"
	room=$quiet delivered_is "$user_id" 0
	# The cursor of a new stream has no effect on earlier acknowledgements.
	hang_up bob
	listen again ws --since "$cursor"
	room=$quiet wait_until 10 delivered_at_least "$user_id" 1
}

@test "delivered: a stream without an ack moves no mark" {
	three
	as bob
	listen bob sse
	heard bob ".data.id == \"$three\""
	[ "$(marks_of "$user_id")" = "0 0" ]
}

@test "receipts: list the marks of all members except the sender, page by page" {
	as alice
	group Room bob carol dora
	send hi
	as bob
	read_to "$message"
	as carol
	receipt "\"delivered\":\"$message\""
	as alice
	get "/v1/conversations/$room/messages/$message/receipts"
	expect 200
	[ "$(json '.receipts | length')" = 3 ]
	[ "$(json ".receipts[] | select(.user_id == \"$(id_of bob)\") | [.delivered, .read] | join(\" \")")" = "true true" ]
	[ "$(json ".receipts[] | select(.user_id == \"$(id_of carol)\") | [.delivered, .read] | join(\" \")")" = "true false" ]
	[ "$(json ".receipts[] | select(.user_id == \"$(id_of dora)\") | [.delivered, .read] | join(\" \")")" = "false false" ]
	[ "$(json '.receipts | map(.user_id | tonumber) | . == sort')" = true ]
	all=$(json '.receipts[].user_id' | paste -sd' ')
	get "/v1/conversations/$room/messages/$message/receipts?limit=2"
	found=$(json '.receipts[].user_id' | paste -sd' ')
	[ "$(json .has_more)" = true ]
	get "/v1/conversations/$room/messages/$message/receipts?limit=2&after=$(json '.receipts[-1].user_id')"
	[ "$found $(json '.receipts[].user_id')" = "$all" ]
	[ "$(json .has_more)" = false ]
	get "/v1/conversations/$room/messages/1/receipts"
	expect 404 message_not_found
	get "/v1/conversations/$room/messages/x/receipts"
	expect 422 invalid_parameter
	get "/v1/conversations/$room/messages/$message/receipts?limit=x"
	expect 422 invalid_parameter
	as stranger
	get "/v1/conversations/$room/messages/$message/receipts"
	expect 403 not_a_member
	as nobody
	get "/v1/conversations/$room/messages/$message/receipts"
	expect 401 unauthenticated
}

@test "delivered: polls on one connection move the mark as well" {
	as alice
	group Room bob
	send one
	as bob
	node -e '
		const [url, token] = process.argv.slice(1), http = require("http"), agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
		const poll = (since) => new Promise((done) => http.get(`${url}/v1/events?wait=0${since ? "&since=" + since : ""}`, { agent, headers: { authorization: `Bearer ${token}` } }, (reply) => {
			let text = "";
			reply.on("data", (part) => { text += part; }).on("end", () => done([JSON.parse(text).cursor, reply.req.reusedSocket]));
		}));
		(async () => {
			const [cursor] = await poll();
			console.log((await poll(cursor))[1]);
			agent.destroy();
		})();
	' "$PUSH_URL" "$token" >"$BATS_TEST_TMPDIR/reused"
	[ "$(<"$BATS_TEST_TMPDIR/reused")" = true ]
	wait_until 5 delivered_at_least "$user_id" "$message"
}

@test "receipt.updated: other members receive marks by name, the first at once, later ones coalesced" {
	as alice
	group Room bob
	ids=()
	for i in {1..10}; do send "m$i"; ids+=("$message"); done
	listen alice ws
	as bob
	start=$(now_ms)
	for id in "${ids[@]}"; do read_to "$id"; done
	took=$(elapsed_ms "$start")
	heard alice ".type == \"receipt.updated\" and .data.conversation_id == \"$room\" and any(.data.receipts[]; .user_id == \"$user_id\" and .read_id == \"${ids[9]}\" and .delivered_id == \"${ids[9]}\")"
	# One receipt at once, then one a second.
	[ "$(count_heard alice ".type == \"receipt.updated\" and .data.conversation_id == \"$room\"")" -le $((2 + took / 1000 + 1)) ]
	[ "$(jq -r 'has("seq") or has("cursor")' <<<"$event")" = false ]
}

@test "conversation.read: reaches the user's own devices and no others" {
	three
	listen alice ws
	as_device bob phone
	listen phone sse
	as bob
	listen bob ws
	read_to "$two"
	for name in phone bob; do
		heard "$name" ".type == \"conversation.read\" and .data.conversation_id == \"$room\" and .data.read_id == \"$two\" and .data.unread_count == 1" 3
	done
	as alice
	fence alice
	not_heard alice '.type == "conversation.read" and .data.unread_count == 1'
}

@test "receipts of a large group: the author alone receives them, as counts" {
	as alice
	group Large bob carol
	# Inserts the other members by SQL, because a hundred sign-ups would test nothing more.
	psql_banter "
		insert into users (id, name, display_name, password_hash)
			select id_new(), 'large.' || $room % 1000000 || '.' || n, 'x', '' from generate_series(1, 120) n;
		select count(*) from member_add($room, $user_id, array(select id from users where name like 'large.' || $room % 1000000 || '.%'))" >/dev/null
	get "/v1/conversations/$room"
	[ "$(json .member_count)" = 123 ]
	listen alice ws
	listen carol ws --token "$(token_of carol)"
	send "to many"
	as bob
	read_to "$message"
	heard alice ".type == \"receipt.updated\" and .data.conversation_id == \"$room\" and any(.data.counts[]?; .message_id == \"$message\" and .read == 1 and .of == 122)" 5
	[ "$(jq -r '.data | has("receipts")' <<<"$event")" = false ]
	as alice
	fence carol
	not_heard carol ".type == \"receipt.updated\" and .data.conversation_id == \"$room\""
	as bob
	post "/v1/conversations/$room/typing"
	expect 204
	as alice
	fence alice
	not_heard alice '.type == "typing.updated"'
}
