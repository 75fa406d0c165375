# Floods: what they meet is a limit with a name, and the rest does not notice.
# SPDX-License-Identifier: MIT

load own

setup_file() { own_stack; }

# flood NAME HOW COUNT: floods $further.
flood() { flood_port "${further##*:}" "$@"; }

# metric NAME: prints a metric of $further. met LIMIT N: checks that the limit was met N times or
# more.
metric() { curl -sf "$further/metrics" | sed -n "s/^banter_push_$1 //p"; }
met() { [ "$(metric "limits_total{limit=\"$1\"}")" -ge "$2" ]; }
met_within() { wait_until "$1" met "$2" "$3" || { curl -s "$further/metrics" | grep limits_total; return 1; }; }

# unmoved NAME: checks that messages arrive in time on another user's stream in the same process.
unmoved() {
	local i sent
	for i in 1 2 3; do
		sent=$(now_ms)
		fence "$1"
		[ $(($(jq -r ._at <<<"$event") - sent)) -lt 4000 ] || { echo "$1 has waited for $(($(jq -r ._at <<<"$event") - sent)) ms"; return 1; }
	done
}

@test "P8: floods by one stream are refused: frames, pings, a frame of 1 GiB, a request byte by byte, half-open peers" {
	further_push BANTER_PUSH_HANDSHAKE_SECONDS=3 BANTER_PUSH_PING_SECONDS=1 BANTER_PUSH_PONG_SECONDS=3 BANTER_PUSH_STREAMS_PER_USER=1000
	as alice
	group Calm bob
	as bob
	STREAM_URL=$further listen bob ws
	as mallory
	flood trickle trickle 20
	flood deaf deaf 50
	flood frames frames 5
	flood pings pings 5
	flood gigabyte gigabyte 5
	as alice
	unmoved bob
	flooded frames '.ended == 5'
	flooded pings '.ended == 5 and .codes["4503"] == 5'
	flooded gigabyte '.ended == 5 and .codes["1009"] == 5'
	met_within 2 frame_rate 10
	met_within 2 frame_bytes 5
	met_within 10 handshake_seconds 20
	met_within 20 pong_seconds 50
	flooded trickle '.ended == 20'
	unmoved bob
	[ "$(notes_of bob | grep -c '"closed"')" = 0 ]
	grep -q 'event=stream_end .*limit=frame_rate' "$BANTER_STATE/log/$further_part.log"
}

@test "P8: input has a limit in bytes for each user, before the user is known, and right behind a handshake" {
	further_push BANTER_PUSH_FRAME_BYTES=131072
	as alice
	group Calm bob
	as bob
	STREAM_URL=$further listen bob ws
	worker=$(workers_of "$further_part")
	as mallory
	flood heavy heavy 19
	flooded heavy '.ready == 19'
	as alice
	unmoved bob
	# a client that keeps sending is cut before it reads the close
	flooded heavy '.ended == 19 and .codes["4503"] >= 1'
	met_within 2 input_bytes 19
	flood stranger stranger 200
	unmoved bob
	flooded stranger '.ended == 200'
	met_within 2 frame_bytes 200
	further_push BANTER_PUSH_FRAME_BYTES=1024
	flood eager eager 5
	flooded eager '.ended == 5'
	met_within 2 frame_bytes 5
	for part in $(cat "$BATS_TEST_TMPDIR/further"); do [ "$(grep -c 'event=worker_died' "$BANTER_STATE/log/$part.log")" = 0 ]; done
	kill -0 "$worker"
	[ "$(notes_of bob | grep -c '"closed"')" = 0 ]
}

@test "P8: input behind the request of an event stream has a limit while its ticket is checked" {
	local ticket
	further_push BANTER_PUSH_FRAME_BYTES=1024
	as mallory
	ticket=$(ticket)
	hold tickets "lock table tickets in access exclusive mode"
	exec 5<>"/dev/tcp/127.0.0.1/${further##*:}"
	printf 'GET /v1/stream?ticket=%s HTTP/1.1\r\nHost: x\r\n\r\n' "$ticket" >&5
	# push closes the connection meanwhile
	timeout 20 head -c 1000000 /dev/zero >&5 2>/dev/null || true
	met_within 2 input_bytes 1
	exec 5>&-
	release tickets
	as alice
	STREAM_URL=$further listen alice sse --ticket "$(ticket)"
}

@test "P8: 5,000 silent sockets keep no client out" {
	further_push BANTER_PUSH_HANDSHAKES=1000 BANTER_PUSH_HANDSHAKE_SECONDS=60
	as alice
	group Calm bob
	as bob
	STREAM_URL=$further listen bob ws
	as mallory
	flood silent silent 5000
	flooded silent '.open == 5000 and .ended == 4000'
	met_within 5 handshakes 4000
	as bob
	STREAM_URL=$further listen late ws # who comes now finds room
	[ "$(metric connections)" -le 1005 ]
	as alice
	unmoved bob
	unmoved late
	# nor do they fill the log
	[ "$(grep -c 'event=stream_end' "$BANTER_STATE/log/$further_part.log")" = 0 ]
}

@test "P8: a silent socket is closed for a new one, and no other socket is" {
	further_push BANTER_PUSH_HANDSHAKES=3 BANTER_PUSH_HANDSHAKE_SECONDS=60
	start=$(now_ms)
	flood silent silent 2
	flooded silent '.open == 2'
	had_a_moment() { [ "$(elapsed_ms "$start")" -ge 2000 ]; }
	wait_until 4 had_a_moment
	# This request is the third, and finds room.
	for n in {1..3}; do [ "$(metric 'limits_total{limit="handshakes"}')" = 0 ]; done
	flood more silent 1
	flooded more '.open == 1'
	met_within 2 handshakes 1
	flooded silent '.ended == 1'
	flood_state more '.ended == 0'
}

@test "P8: the limits of streams per user and per process hold when many open at once" {
	further_push
	as alice
	kill -STOP "$(workers_of "$further_part")"
	flood many many 60
	flooded many '.open == 60'
	kill -CONT "$(workers_of "$further_part")"
	flooded many '.ended == 40'
	met_within 2 streams_per_user 40
	hang_up many
	further_push BANTER_PUSH_STREAMS=5 BANTER_PUSH_STREAMS_PER_USER=1000
	kill -STOP "$(workers_of "$further_part")"
	flood more many 60
	flooded more '.open == 60'
	kill -CONT "$(workers_of "$further_part")"
	flooded more '.ended == 55'
	met_within 2 streams 55
}

@test "P8: an address has its limit of connections before it sends anything" {
	further_push BANTER_PUSH_STREAMS_PER_ADDRESS=30 BANTER_PUSH_PROXIES=192.0.2.1
	as alice
	group Calm bob
	as bob
	STREAM_URL=$further listen bob ws
	as mallory
	flood silent silent 200
	flooded silent '.open == 200 and .ended == 171'
	as alice
	unmoved bob
	hang_up silent
	met_within 5 streams_per_address 171 # answered again: the others are closed
}

# ticks: prints the CPU that $further has used, in hundredths of a second.
ticks() { awk '{ print $14 + $15 }' "/proc/$(workers_of "$further_part")/stat"; }

@test "P8: without free descriptors accept() waits and does not spin, and open streams stay" {
	ulimit -n 300
	further_push BANTER_PUSH_STREAMS_PER_USER=1000
	as alice
	group Calm bob
	as bob
	for name in ws sse; do STREAM_URL=$further listen $name $name; done
	as mallory
	flood deaf deaf 250
	flooded deaf '.open == 250 and .ready == 234' # 300 less 64 that push keeps for itself
	paused() { grep -qs 'event=accept_paused' "$BANTER_STATE/log/$further_part.log"; }
	wait_until 5 paused || { cat "$BATS_TEST_TMPDIR/deaf.flood" "$BANTER_STATE/log/$further_part.log"; cat "/proc/$(workers_of "$further_part")/limits"; return 1; }
	as alice
	unmoved ws
	start=$(now_ms) before=$(ticks)
	over() { [ "$(elapsed_ms "$start")" -ge 2000 ]; }
	wait_until 4 over
	used=$(($(ticks) - before))
	[ $used -lt 60 ] || { echo "$used ticks of CPU in two seconds"; return 1; }
	[ "$(grep -c 'event=accept_paused' "$BANTER_STATE/log/$further_part.log")" -le 2 ]
	hang_up deaf
	as bob
	STREAM_URL=$further listen late ws
	as alice
	fence ws sse late
	met descriptors 2
}

@test "after a restart: the rate of accepted streams is limited, and each client gets another time to reconnect" {
	further_push BANTER_PUSH_ACCEPT_RATE=100
	as alice
	group Calm bob
	as bob
	STREAM_URL=$further listen bob ws
	as mallory
	start=$(now_ms)
	before=$(metric accepted_total)
	flood silent silent 500
	accepted() { [ "$(metric accepted_total)" -ge $((before + 500)) ]; }
	wait_until 20 accepted
	[ "$(elapsed_ms "$start")" -ge 4000 ]
	met_within 1 accept_rate 50
	as alice
	unmoved bob
	seq 8 | xargs -P 8 -I{} curl -sN -m 2 -H "Authorization: Bearer $token" "$further/v1/stream" | grep -a '^retry:' | cut -c8- >"$BATS_TEST_TMPDIR/retries"
	cat "$BATS_TEST_TMPDIR/retries"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/retries")" = 8 ]
	[ "$(sort -u "$BATS_TEST_TMPDIR/retries" | wc -l)" -ge 6 ]
	# As wide as the time that accepting all of them takes, above two and a half seconds: 500 at
	# 100 a second.
	[ "$(awk '$1 < 500 || $1 > 6000' "$BATS_TEST_TMPDIR/retries" | wc -l)" = 0 ]
}

@test "P8: an unfinished message ends its stream in time, and all unfinished messages together have a limit" {
	further_push BANTER_PUSH_MESSAGE_SECONDS=2
	export STREAM_URL=$further
	as bob
	listen bob ws
	as mallory
	listen slow ws
	speak slow '!raw 0181000000007b' # the first fragment of a text
	for i in 1 2 3; do speak slow '!ping'; done
	noted slow '.client == "pong"'
	listen torn ws
	speak torn '!raw 81fe00c8000000007b22' # a frame of 200 bytes, and two of them
	closed_with slow 4503 15
	closed_with torn 4503 15
	met_within 5 message_seconds 2

	[ "$(notes_of bob | grep -c '"closed"')" = 0 ]

	further_push BANTER_PUSH_MESSAGE_SECONDS=120 BANTER_PUSH_UNFINISHED_BYTES=65536
	export STREAM_URL=$further
	half=$(printf '7b%.0s' {1..34000})
	listen first ws
	listen second ws
	speak first "!raw 81ff0000000000014000""00000000$half"
	begun() { [ "$(metric unfinished_bytes)" -ge 34000 ]; }
	wait_until 5 begun
	speak second "!raw 81ff0000000000014000""00000000$half"
	closed_with second 4005
	met_within 5 unfinished_bytes 1
	speak first '!drop'
	none() { [ "$(metric unfinished_bytes)" = 0 ]; }
	wait_until 5 none
}
