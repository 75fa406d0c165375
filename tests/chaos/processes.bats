# Processes of push are replaced under load, killed, stopped, or do not start. Clients notice no
# more than a moment.
# SPDX-License-Identifier: MIT

load own

setup_file() { own_stack BANTER_PUSH_PROCESSES=2 BANTER_DRAIN_SECONDS=5; }
setup() {
	load_helpers
	log=$BANTER_STATE/log/push.log program=$BANTER_STATE/opt/bin/banter-push
	[ -e "$program.good" ] || cp -p "$program" "$program.good"
}
# A test that fails leaves no broken program for the next.
teardown() {
	stack kill push CONT || true
	streams_end
	program_put "$program.good"
	stack start postgres redis api push 3>&- 4>&-
}

# program_put FILE: replaces the program of push as `install` does: with a new file of the same
# name.
program_put() { cp -p "$1" "$program.new" && mv "$program.new" "$program"; }

workers() { workers_of push; }
two_workers() { [ "$(workers | wc -l)" = 2 ]; }

# said EVENT: prints how often push has logged it. said_more EVENT N: checks that it is more than N.
said() { grep -c "event=$1 " "$log" || true; }
said_more() { [ "$(said "$1")" -gt "$2" ]; }

# replace: sends SIGHUP, and waits until both processes are replaced and the old ones have ended.
replace() {
	local stopped ready
	stopped=$(said stopped)
	stack kill push HUP
	wait_until 40 said_more stopped $((stopped + 1))
	wait_until 5 two_workers
}

@test "P3: push is replaced under load: nothing is lost or repeated, and each client's gap is below 1 s" {
	crowd --users 12 --devices 4 --rate 24
	for round in 1 2; do
		at=$(stored)
		before=$(workers | sort)
		replace
		# none of the old ones is left
		[ -z "$(comm -12 <(echo "$before") <(workers | sort))" ]
		wait_until 20 more_than $((at + 60))
	done
	crowd_judges
	# every WebSocket and event stream was closed; a poller may change process between two polls
	[ "$(jq .gaps.devices <<<"$verdict")" -ge 32 ]
	[ "$(jq .gaps.uninvited <<<"$verdict")" = 0 ] # with stream.bye: no stream was cut
	[ "$(jq '[.gaps.longest[].ms] | max' <<<"$verdict")" -lt 1000 ]
	[ "$(jq .again <<<"$verdict")" = 0 ]
}

@test "SIGHUP starts the new program file, and keeps the old processes when it does not start" {
	as alice
	for transport in "${TRANSPORTS[@]}"; do listen "$transport" "$transport"; done
	program_put "$program.good"
	replace
	for pid in $(workers); do [ "$(stat -Lc %i "/proc/$pid/exe")" = "$(stat -c %i "$program")" ]; done
	for transport in "${TRANSPORTS[@]}"; do
		heard "$transport" '.type == "stream.bye" and .data.code == 4001 and .data.retry_after_ms > 0 and .data.retry_after_ms < 500'
	done
	again=$(jq .data.retry_after_ms <<<"$(events_of sse | grep stream.bye)")
	# for an EventSource, which reconnects by itself
	noted sse ".client == \"retry\" and .ms == $again"
	[ "$(stat -Lc %i "/proc/$(stack pid push)/exe")" != "$(stat -c %i "$program")" ]

	listen alice ws
	before=$(workers) given_up=$(said restart_given_up)
	printf '#!/bin/sh\nexit 7\n' >"$BATS_TEST_TMPDIR/broken"
	chmod 755 "$BATS_TEST_TMPDIR/broken"
	program_put "$BATS_TEST_TMPDIR/broken"
	stack kill push HUP
	wait_until 10 said_more restart_given_up "$given_up"
	grep 'event=worker_died ' "$log" | tail -n 1 | grep -q 'code=7 '
	[ "$(workers)" = "$before" ]
	group Room bob
	heard alice ".type == \"conversation.created\" and .conversation_id == \"$room\""

	program_put "$program.good"
	replace
	closed_with alice 4001
}

@test "a killed process is restarted with a log line, and its successor accepts the waiting connections" {
	crowd --users 8 --devices 2 --rate 16
	for turn in 1 2; do
		at=$(stored) died=$(said worker_died)
		killed=$(workers | head -n 1)
		kill -KILL "$killed"
		wait_until 10 said_more worker_died "$died"
		grep 'event=worker_died ' "$log" | tail -n 1 | grep -q "pid=$killed code=-1 signal=9 "
		wait_until 20 more_than $((at + 40))
	done
	crowd_judges

	# Connections in the queues of processes that do not run any more.
	ask() { curl -s -m 20 -o /dev/null -w '%{http_code}\n' "$PUSH_URL/healthz" >>"$BATS_TEST_TMPDIR/answers"; }
	accepted() { [ "$(ss -Htn state established "dport = :$BANTER_PUSH_PORT" | wc -l)" -ge "$1" ]; }
	: >"$BATS_TEST_TMPDIR/answers"
	two=$(workers)
	kill -STOP $two
	for i in {1..16}; do ask 3>&- 4>&- & done
	wait_until 10 accepted 16
	[ ! -s "$BATS_TEST_TMPDIR/answers" ]
	kill -KILL $two
	all_answered() { [ "$(grep -c '^200$' "$BATS_TEST_TMPDIR/answers")" = 16 ]; }
	wait_until 20 all_answered
}

@test "a client that sends data and disconnects is closed at once, and not at the next ping" {
	as alice
	group Room bob
	STREAM_URL=$PUSH_URL listen live ws
	kill -STOP $(workers)
	speak live '{"type":"heartbeat"}'
	speak live '!drop'
	# One that is not open yet, and whose word waits for that.
	printf 'GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n%s: 13\r\n%s: %s\r\nAuthorization: Bearer %s\r\n\r\n%b' \
		Sec-WebSocket-Version Sec-WebSocket-Key dGhlIHNhbXBsZSBub25jZQ== "$token" '\x81\x94\0\0\0\0{"type":"heartbeat"}' |
		shut_behind "$BANTER_PUSH_PORT" >"$BATS_TEST_TMPDIR/opening" 3>&- 4>&- &
	echo $! >"$(stream_file opening pid)"
	wait_until 5 half_open "$BANTER_PUSH_PORT" 2
	kill -CONT $(workers)
	wait_until 5 half_open "$BANTER_PUSH_PORT" 0
	wait_until 5 stream_gone opening
	[ ! -s "$BATS_TEST_TMPDIR/opening" ]
	as bob
	listen bob ws
	fence bob
}

@test "a process subscribes only to the conversations of its own streams" {
	as alice
	group Room bob
	listens() { [ "$(redis pubsub numsub "${BANTER_REDIS_PREFIX:-banter:}c:$room" | tail -n 1)" = "$1" ]; }
	listens 0
	listen first ws
	wait_until 5 listens 1
	# The kernel chooses which of the two takes a stream. The other one has to take one, too.
	for n in {1..40}; do
		listens 1 || break
		listen "more-$n" ws
	done
	wait_until 5 listens 2
	as bob
	fence first
	hang_up_all
	wait_until 10 listens 0
}

@test "a killed supervisor leaves no worker behind" {
	as alice
	listen alice sse
	old=$(workers)
	kill -KILL "$(stack pid push)"
	heard alice '.type == "stream.bye" and .data.code == 4001'
	gone() { ! kill -0 $old 2>/dev/null; }
	wait_until 15 gone
	stack start push 3>&- 4>&-
	group Room bob
	listen alice sse
	heard alice ".type == \"conversation.created\" and .conversation_id == \"$room\""
}

@test "a single process is replaced while its port answers all the time" {
	further_push BANTER_PUSH_PROCESSES=1
	as alice
	STREAM_URL=$further listen alice sse
	group Room bob
	heard alice ".type == \"conversation.created\" and .conversation_id == \"$room\""
	old=$(workers_of "$further_part") replies=$BATS_TEST_TMPDIR/replies
	until [ -e "$replies.enough" ] || ! curl -s -m 5 -o /dev/null -w '%{http_code}\n' "$further/healthz" >>"$replies"; do :; done 3>&- 4>&- &
	asker=$!
	answered() { [ "$(wc -l <"$replies")" -gt "$1" ]; }
	wait_until 20 answered 0
	stack kill "$further_part" HUP
	gone() { ! kill -0 "$old" 2>/dev/null; }
	wait_until 20 gone
	wait_until 20 answered "$(wc -l <"$replies")"
	touch "$replies.enough"
	wait $asker
	[ "$(sort -u "$replies")" = 200 ]
	heard alice '.type == "stream.bye" and .data.code == 4001'
	STREAM_URL=$further listen alice sse
	fence alice
	in_order alice "$room" 1 2
}

@test "push stops in time, whatever its clients do" {
	further_push BANTER_DRAIN_SECONDS=1
	as alice
	STREAM_URL=$further listen alice ws
	speak alice '!pause' # takes no last word
	run stack stop "$further_part"
	[ "$status" = 0 ] && [ -z "$output" ] # it has not been killed
	grep -q 'event=stopped ' "$BANTER_STATE/log/$further_part.log"
	! grep -E 'event=worker_killed |Assertion' "$BANTER_STATE/log/$further_part.log"
}

@test "push stops: unauthenticated clients get the time to reconnect as well" {
	further_push
	as alice
	ticket=$(ticket)
	hold writer "select from tickets for update" >/dev/null
	STREAM_URL=$further listen nobody ws --nobody
	STREAM_URL=$further listen ticket ws --ticket "$ticket" 3>&- 4>&- &
	listening=$!
	asked() { [ "$(psql_banter "select count(*) from pg_stat_activity where application_name like 'banter-push%' and wait_event_type = 'Lock'")" = 1 ]; }
	wait_until 10 asked
	stack stop "$further_part"
	wait "$listening"
	release writer
	for name in ticket nobody; do
		heard "$name" '.type == "stream.bye" and .data.code == 4001 and .data.retry_after_ms > 0'
		noted "$name" '.client == "closed" and .code == 4001'
	done
}
