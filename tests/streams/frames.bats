# Frames of clients on a WebSocket.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; load ../support/streams; }
teardown() { streams_end; }

@test "frames: message.send is answered, stored and delivered" {
	as alice
	group Room bob
	listen alice ws
	as bob
	listen bob sse
	speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"f1\",\"text\":\"by frame 🙂\",\"data\":{\"k\":[1,null]}}"
	heard alice '.type == "message.sent" and .client_id == "f1"'
	[ "$(jq -c '[.data.text, .data.seq, .data.data, .repeated]' <<<"$event")" = '["by frame 🙂",2,{"k":[1,null]},null]' ]
	id=$(jq -r .data.id <<<"$event")
	heard bob ".type == \"message.created\" and .data.id == \"$id\""
	heard alice ".type == \"message.created\" and .data.id == \"$id\""
	speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"f1\",\"text\":\"by frame 🙂\",\"data\":{\"k\":[1,null]}}"
	heard alice ".type == \"message.sent\" and .repeated == true and .data.id == \"$id\""
	# The same request by REST.
	as alice
	post "/v1/conversations/$room/messages" '{"client_id":"f1","text":"by frame 🙂","data":{"k":[1,null]}}'
	expect 200
	[ "$(json .id)" = "$id" ]
	speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"f2\",\"text\":\"answer\",\"reply_to\":\"$id\"}"
	heard alice ".type == \"message.sent\" and .client_id == \"f2\" and .data.reply_to == \"$id\""
	fence alice bob
	in_order bob "$room" 1 4
}

@test "frames: a wrong frame gets an error, and the stream stays open" {
	as alice
	group Room bob
	listen alice ws
	send "the first row's" 1
	n=0
	while read -r code input; do
		n=$((n + 1))
		speak alice "${input//CID/$n}"
		case $input in *CID*) whose="and .client_id == \"$n\"" ;; *) whose="and (.client_id | not)" ;; esac
		until_heard 10 alice as_many_heard alice '.type == "error"' $n || { echo "$input"; return 1; }
		[ "$(jq -nc "last(inputs | select(.type == \"error\")) | .code == \"$code\" $whose" "$BATS_TEST_TMPDIR/alice.events")" = true ] || { echo "$input"; return 1; }
	done <<-TABLE
		client_id_reused {"type":"message.send","conversation_id":"$room","client_id":"CID","text":"y","data":{"prepared":1}}
		not_a_member {"type":"message.send","conversation_id":"1","client_id":"CID","text":"x"}
		unknown_reply {"type":"message.send","conversation_id":"$room","client_id":"CID","text":"x","reply_to":"1"}
		invalid_body {"type":"message.send","conversation_id":"$room","client_id":"CID","text":""}
		invalid_body {"type":"message.send","conversation_id":"$room","client_id":"CID","text":7}
		invalid_body {"type":"message.send","conversation_id":"$room","client_id":"CID","text":"x","data":[]}
		invalid_body {"type":"message.send","conversation_id":"x","client_id":"CID","text":"x"}
		unknown_field {"type":"message.send","conversation_id":"$room","client_id":"CID","text":"x","seq":7}
		invalid_body {"type":"message.send","conversation_id":"$room","text":"x"}
		invalid_cursor {"type":"ack","cursor":"nonsense"}
		invalid_body {"type":"presence.watch","user_ids":"1"}
		malformed_json {"type":"message.send","conversation_id":"$room","client_id":"CID","text":"\\ud800"}
		malformed_json {"type":"message.send","conversation_id":"$room","client_id":"CID","text":"x","data":{"a":"\\udc00"}}
		malformed_json {"type":"message.send","conversation_id":"$room","client_id":"CID","text":"x"
		malformed_json {"type":"heartbeat"} {"type":"heartbeat"}
		malformed_json this is no JSON
		invalid_body []
		unknown_type {}
		unknown_type {"type":7}
		unknown_type {"type":"message.edit","client_id":"CID","text":"a newer client speaks to an older server"}
		invalid_body {"type":"message.send","conversation_id":"$room","client_id":"CID","text":"x","data":{"a":1e999}}
		invalid_body {"type":"message.send","conversation_id":"$room","client_id":"CID","text":"x","data":{"a":"\\u0000"}}
	TABLE
	fence alice
	[ "$(count_heard alice '.type == "message.sent"')" = 0 ]
}

@test "frames: a text of 64 KiB is accepted, one byte more is refused" {
	as alice
	group Room bob
	listen alice ws
	text=$(printf 'x%.0s' {1..65536})
	speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"big\",\"text\":\"$text\"}"
	heard alice '.type == "message.sent" and .client_id == "big"'
	speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"bigger\",\"text\":\"${text}x\"}"
	heard alice '.type == "error" and .code == "text_too_long" and .client_id == "bigger"'
	# Texts of escapes: JSON takes six bytes for one byte of text, and for three or four.
	for unit in '\u0078' '\u6f22' '\ud83d\ude42'; do
		case $unit in '\u0078') n=65536 ;; '\u6f22') n=21845 ;; *) n=16384 ;; esac
		text=$(yes "$unit" | head -n $n | tr -d '\n')
		speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"escaped-$n\",\"text\":\"$text\"}"
		heard alice ".type == \"message.sent\" and .client_id == \"escaped-$n\""
		printf '{"client_id":"escaped-%s","text":"%s"}' $n "$text" >"$BATS_TEST_TMPDIR/bytes"
		[ "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' --data-binary "@$BATS_TEST_TMPDIR/bytes" "$URL/v1/conversations/$room/messages")" = 200 ]
	done
	# The head of a frame that is one byte longer than LIMIT_MESSAGE_BYTES.
	speak alice '!raw 81ff000000000007c00100000000'
	closed_with alice 1009
}

@test "frames: a violation of the protocol ends the stream with its close code" {
	as alice
	n=0
	while read -r code input; do
		n=$((n + 1))
		listen "broken-$n" ws
		speak "broken-$n" "$input"
		closed_with "broken-$n" "$code" || { echo "$code after $input"; return 1; }
	done <<-'TABLE'
		1003 !binary 00ff
		1007 !raw 818200000000c328
		1002 !raw c18000000000
		1002 !raw 8100
		1002 !raw 838000000000
		1009 !raw 81ff7fffffffffffffff00000000
		1002 !raw 89fe007e00000000
	TABLE
	# Only auth is accepted before auth.
	listen early ws --nobody
	speak early '{"type":"heartbeat"}'
	closed_with early 4503
}

@test "frames: ping and close are answered" {
	as alice
	listen alice ws
	speak alice '!ping'
	noted alice '.client == "pong" and .text == "are you there"'
	# the same code as received, or none
	speak alice '!close 4123'
	noted alice '.client == "closed" and .code == 4123'
	# Checks the same with the connection's end right behind the frame. push is stopped
	# meanwhile, so that both arrive at once.
	further_push
	STREAM_URL=$further listen alice ws
	kill -STOP "$(workers_of "$further_part")"
	speak alice '!raw 888000000000'
	speak alice '!shut'
	wait_until 5 half_open "${further##*:}" 1
	kill -CONT "$(workers_of "$further_part")"
	noted alice '.client == "closed"'
	[ "$(jq .code <<<"$event")" = 1005 ]
	wait_until 5 half_open "${further##*:}" 0
}

@test "frames: an error quotes the field's name unchanged, and stream.ready comes before any answer" {
	as alice
	listen alice ws
	for name in 'x\",\"code\":\"rate_limited' 'a\"b' 'n\n' '\\'; do
		speak alice "{\"type\":\"heartbeat\",\"$name\":1}"
		heard alice ".type == \"error\" and .code == \"unknown_field\" and .field == \"$name\""
	done
	# Sends the first frame right behind the handshake, and another one behind it.
	node -e '
		const socket = require("net").connect(process.argv[1], "127.0.0.1");
		const frame = (text) => Buffer.concat([Buffer.from([0x81, 0x80 | (text.length < 126 ? text.length : 126), ...(text.length < 126 ? [] : [text.length >> 8, text.length & 255]), 0, 0, 0, 0]), Buffer.from(text)]);
		const auth = JSON.stringify({ type: "auth", token: process.argv[2] }), bad = JSON.stringify({ type: "heartbeat", x: 1 });
		socket.write(Buffer.concat([Buffer.from("GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"), frame(auth), frame(bad)]));
		let heard = "";
		socket.on("data", (data) => { heard += data.toString("latin1"); if (heard.includes("unknown_field")) socket.destroy(); });
		setTimeout(() => socket.destroy(), 10000).unref();
		socket.on("close", () => console.log((heard.match(/"type":"[a-z.]+"/g) ?? []).slice(0, 9).join(" ")));
	' "$BANTER_PUSH_PORT" "$token" >"$BATS_TEST_TMPDIR/types"
	read -r first _ <"$BATS_TEST_TMPDIR/types"
	[ "$first" = '"type":"stream.ready"' ]
	grep -q '"type":"error"' "$BATS_TEST_TMPDIR/types"
}

@test "frames: each message.send is answered, or its stream ends" {
	as alice
	group Room bob
	further_push BANTER_PUSH_INPUT_BYTES=16777216
	STREAM_URL=$further listen alice ws
	big="{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"big\",\"text\":\"$(printf 'x%.0s' {1..60000})\"}"
	speak alice "$big"
	heard alice '.type == "message.sent" and (has("repeated") | not)'
	# The whole reply is sent again for each repeat. A client that does not read has no room for
	# so many.
	speak alice '!pause'
	for i in {1..90}; do printf '%s\n' "$big"; done >"$BATS_TEST_TMPDIR/again"
	timeout 20 bash -c 'cat "$1" 1<>"$0"' "$(stream_file alice orders)" "$BATS_TEST_TMPDIR/again"
	over() { [ "$(events_of alice | jq -s 'map(select(.repeated)) | length')" = 90 ] || note_there alice '.client == "closed"'; }
	wait_until 10 grep -q 'reason=slow_reader' "$BANTER_STATE/log/$further_part.log" || true
	speak alice '!resume' || true
	wait_until 20 over
}

@test "frames: message.send has the rate limit of REST, and a limit of messages under way" {
	as alice
	group Room bob
	further_push BANTER_RATE_SEND=3 BANTER_PUSH_SENDS=2
	STREAM_URL=$further listen alice ws
	message() { printf '{"type":"message.send","conversation_id":"%s","client_id":"%s","text":"x"}\n' "$room" "$1"; }
	told() { heard alice ".client_id == \"$1\" and (.type == \"$2\" or .code == \"$2\")"; }
	# Two messages are in progress while another transaction holds the conversation. The third
	# is refused.
	hold writer "select conversation_lock($room)" >/dev/null
	for client_id in a1 a2 a3; do speak alice "$(message $client_id)"; done
	heard alice '.client_id == "a3" and .code == "rate_limited" and .retry_after_ms == null'
	release writer
	told a1 message.sent
	told a2 message.sent
	# Refused messages were not counted: one of the minute's three is left.
	speak alice "$(message a3)"
	told a3 message.sent
	speak alice "$(message a4)"
	heard alice '.client_id == "a4" and .code == "rate_limited" and .retry_after_ms >= 1000 and .retry_after_ms <= 20000'
	[ "$(psql_banter "select string_agg(client_id, ' ' order by seq) from messages where conversation_id = $room")" = "a1 a2 a3" ]
}

@test "frames: more messages at once than a queue holds, from a client that reads: all are answered and delivered in order" {
	as alice
	group One bob
	one=$room
	group Two bob
	further_push BANTER_PUSH_QUEUE_BYTES=262144 BANTER_PUSH_UNSENT_BYTES=4194304 BANTER_PUSH_FRAME_RATE=10000 BANTER_RATE_SEND=0 BANTER_PUSH_SENDS=1000
	for transport in ws sse; do as bob; STREAM_URL=$further listen $transport $transport; done
	as alice
	STREAM_URL=$further listen alice ws
	text=$(printf 'x%.0s' {1..60000})
	message() { printf '{"type":"message.send","conversation_id":"%s","client_id":"%s","text":"%s"}\n' "$1" "$2" "$3"; }
	# Sends large messages first, which alice receives as replies and as events; then many small
	# ones.
	all() {
		for i in {1..8}; do message "$one" "l$i" "$text"; message "$room" "l$i" "$text"; done
		for i in {1..150}; do message "$one" "s$i" x; message "$room" "s$i" x; done
	}
	speak alice "$(all)"
	for name in alice ws sse; do
		for conversation in "$one" "$room"; do in_order_within 20 $name "$conversation" 1 159; done
		[ "$(notes_of $name | grep -c '"closed"')" = 0 ]
	done
	[ "$(events_of alice | jq -s 'map(select(.type == "message.sent")) | length')" = 316 ]
	sent() { psql_banter "select string_agg(client_id, ' ' order by seq) from messages where conversation_id = $1"; }
	[ "$(sent "$one")" = "$(echo l{1..8} s{1..150})" ]
	[ "$(sent "$room")" = "$(sent "$one")" ]
}

@test "frames: a locked conversation delays its own messages only" {
	as alice
	group Held bob
	held=$room
	group Free bob
	listen alice ws
	message() { printf '{"type":"message.send","conversation_id":"%s","client_id":"%s","text":"x"}' "$1" "$2"; }
	hold writer "select conversation_lock($held)" >/dev/null
	for n in 1 2 3; do
		speak alice "$(message "$held" "held$n")"
		speak alice "$(message "$room" "free$n")"
		heard alice ".type == \"message.sent\" and .client_id == \"free$n\""
	done
	[ "$(events_of alice | jq -s 'map(select(.client_id // "" | startswith("held"))) | length')" = 0 ]
	release writer
	for n in 1 2 3; do heard alice ".type == \"message.sent\" and .client_id == \"held$n\""; done
	in_order_within 5 alice "$held" 1 4
}

@test "frames: a stream that sends too many frames is closed" {
	as alice
	further_push BANTER_PUSH_FRAME_RATE=5
	STREAM_URL=$further listen alice ws
	for i in {1..60}; do echo '{"type":"heartbeat"}'; done 1<>"$(stream_file alice orders)"
	closed_with alice 4503
}
