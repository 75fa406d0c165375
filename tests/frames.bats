# Frames: what clients send up a WebSocket.
# SPDX-License-Identifier: MIT

setup() { load helpers; load streams; }
teardown() { streams_end; }

@test "frames: message.send is answered, stored, and heard" {
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
	# The same by REST.
	as alice
	post "/v1/conversations/$room/messages" '{"client_id":"f1","text":"by frame 🙂","data":{"k":[1,null]}}'
	expect 200
	[ "$(json .id)" = "$id" ]
	speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"f2\",\"text\":\"answer\",\"reply_to\":\"$id\"}"
	heard alice ".type == \"message.sent\" and .client_id == \"f2\" and .data.reply_to == \"$id\""
	fence alice bob
	in_order bob "$room" 1 4
}

@test "frames: what is wrong in a frame is answered, and the stream goes on" {
	as alice
	group Room bob
	listen alice ws
	send "the first row's" 1
	n=0
	while read -r code input; do
		n=$((n + 1))
		speak alice "${input//CID/$n}"
		heard alice ".type == \"error\" and .code == \"$code\" and (.client_id == \"$n\" or (\"${input//\"/\\\"}\" | contains(\"CID\") | not))" || { echo "$input"; return 1; }
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
	TABLE
	fence alice
	[ "$(count_heard alice '.type == "message.sent"')" = 0 ]
}

@test "frames: a text of 64 KiB, and one byte more" {
	as alice
	group Room bob
	listen alice ws
	text=$(printf 'x%.0s' {1..65536})
	speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"big\",\"text\":\"$text\"}"
	heard alice '.type == "message.sent" and .client_id == "big"'
	speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"bigger\",\"text\":\"${text}x\"}"
	heard alice '.type == "error" and .code == "text_too_long" and .client_id == "bigger"'
	speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"huge\",\"text\":\"$text$text$text\"}"
	closed_with alice 1009
}

@test "frames: what breaks the protocol ends the stream with its code" {
	as alice
	n=0
	while read -r code input; do
		n=$((n + 1))
		listen "broken-$n" ws
		speak "broken-$n" "$input"
		closed_with "broken-$n" "$code" || { echo "$code after $input"; return 1; }
	done <<-'TABLE'
		4503 this is no JSON
		4503 []
		4503 "text"
		4503 {}
		4503 {"type":"unheard.of"}
		4503 {"type":7}
		4503 {"type":"heartbeat"} {"type":"heartbeat"}
		1003 !binary 00ff
		1007 !raw 818200000000c328
		1002 !raw c18000000000
		1002 !raw 8100
		1002 !raw 838000000000
		1009 !raw 81ff7fffffffffffffff00000000
		1002 !raw 89fe007e00000000
	TABLE
	# Nothing but auth before auth.
	listen early ws --nobody
	speak early '{"type":"heartbeat"}'
	closed_with early 4503
}

@test "frames: ping is answered, close is answered" {
	as alice
	listen alice ws
	speak alice '!ping'
	noted alice '.client == "pong" and .text == "are you there"'
	speak alice '!close 1000'
	noted alice '.client == "closed" and .code == 1000'
	# With the end right behind it as well: push is stopped meanwhile, so that both are there at once.
	further_push
	STREAM_URL=$further listen alice ws
	kill -STOP "$(workers_of "$further_part")"
	speak alice '!raw 888000000000'
	speak alice '!shut'
	wait_until 5 half_open "${further##*:}" 1
	kill -CONT "$(workers_of "$further_part")"
	noted alice '.client == "closed"'
	[ "$(jq .code <<<"$event")" = 1000 ]
	wait_until 1 half_open "${further##*:}" 0
}

@test "frames: message.send has the rate limit of REST, and a limit of messages under way" {
	as alice
	group Room bob
	further_push BANTER_RATE_SEND=3 BANTER_PUSH_SENDS=2
	STREAM_URL=$further listen alice ws
	message() { printf '{"type":"message.send","conversation_id":"%s","client_id":"%s","text":"x"}\n' "$room" "$1"; }
	told() { heard alice ".client_id == \"$1\" and (.type == \"$2\" or .code == \"$2\")"; }
	# While somebody holds the conversation, two are under way: the third finds no room.
	hold writer "select conversation_lock($room)" >/dev/null
	for client_id in a1 a2 a3; do speak alice "$(message $client_id)"; done
	heard alice '.client_id == "a3" and .code == "rate_limited" and .retry_after_ms == null'
	release writer
	told a1 message.sent
	told a2 message.sent
	# What was refused under way was not counted: one is left of the minute's three.
	speak alice "$(message a3)"
	told a3 message.sent
	speak alice "$(message a4)"
	heard alice '.client_id == "a4" and .code == "rate_limited" and .retry_after_ms >= 1000 and .retry_after_ms <= 20000'
	[ "$(psql_banter "select string_agg(client_id, ' ' order by seq) from messages where conversation_id = $room")" = "a1 a2 a3" ]
}

@test "frames: more messages at once than a queue holds, by one who reads: all are answered and heard, in order" {
	as alice
	group One bob
	one=$room
	group Two bob
	further_push BANTER_PUSH_FRAME_RATE=10000 BANTER_RATE_SEND=0 BANTER_PUSH_SENDS=1000
	for transport in ws sse; do as bob; STREAM_URL=$further listen $transport $transport; done
	as alice
	STREAM_URL=$further listen alice ws
	text=$(printf 'x%.0s' {1..60000})
	message() { printf '{"type":"message.send","conversation_id":"%s","client_id":"%s","text":"%s"}\n' "$1" "$2" "$3"; }
	# The large ones first, which come back to alice as answers and as events; then many small ones.
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

@test "frames: a conversation that is locked holds up its own messages alone" {
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

@test "frames: too many are stopped" {
	as alice
	further_push BANTER_PUSH_FRAME_RATE=5
	STREAM_URL=$further listen alice ws
	for i in {1..60}; do echo '{"type":"heartbeat"}'; done 1<>"$(stream_file alice orders)"
	closed_with alice 4503
}
