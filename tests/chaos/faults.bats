# Kills under load: push, Redis, PostgreSQL, api. A crowd sends and receives meanwhile and keeps
# account.
# SPDX-License-Identifier: MIT

load own

setup_file() { own_stack BANTER_API_WORKERS=2 BANTER_DRAIN_SECONDS=5; }
# A test that fails leaves no part down for the next.
teardown() {
	for part in postgres redis push; do stack kill $part CONT || true; done
	streams_end
	stack start postgres redis api push 3>&- 4>&-
}

@test "P3: push is killed while 51 devices of 17 users receive from 17 senders: each message once, in order, on each device" {
	crowd --users 17 --devices 3 --rate 30
	for kill in 1 2; do
		stack kill push
		at=$(stored)
		wait_until 20 more_than $((at + 20)) # sends succeed without it
		stack start push
		wait_until 20 more_than $((at + 60))
	done
	crowd_judges
	[ "$(jq .returns <<<"$verdict")" -ge 60 ]
	[ "$(jq .acknowledged <<<"$verdict")" -ge 100 ]
}

@test "P2, P3, P5, P6: verify-delivery passes while push is killed" {
	verifiers
	at=$(stored)
	wait_until 30 more_than $((at + 60))
	stack kill push
	wait_until 30 more_than $((at + 100)) # sends succeed without it
	stack start push
	wait_until 30 more_than $((at + 200))
	crowd_judges
	sed '$d' "$BATS_TEST_TMPDIR/crowd"
	[ "$(jq .acknowledged <<<"$verdict")" -ge 150 ]
	[ "$(jq .returns <<<"$verdict")" -ge 18 ]
}

@test "P2, P3, P5, P6: verify-delivery passes while Redis hangs or is stopped and memberships change" {
	verifiers --members 5 --drop 6
	at=$(stored)
	wait_until 30 more_than $((at + 60))
	stack kill redis STOP
	wait_until 30 more_than $((at + 160))
	stack kill redis CONT
	wait_until 30 more_than $((at + 220))
	stack kill redis
	wait_until 30 more_than $((at + 380))
	stack start redis
	wait_until 30 more_than $((at + 440))
	crowd_judges
	sed '$d' "$BATS_TEST_TMPDIR/crowd"
	[ "$(jq .acknowledged <<<"$verdict")" -ge 400 ]
	[ "$(jq .removed <<<"$verdict")" -ge 30 ]
}

@test "P7: Redis is killed for 10 s under sends: sends succeed, and each message arrives once" {
	crowd --users 6 --devices 2 --rate 24
	before=$(stored) killed=$(now_ms)
	stack kill redis
	as alice
	group Dark bob
	# streams open without Redis, too
	for transport in "${TRANSPORTS[@]}"; do as bob; listen "$transport" "$transport"; done
	as alice
	sent=$(now_ms)
	send "in the dark"
	for transport in "${TRANSPORTS[@]}"; do
		heard "$transport" '.data.text == "in the dark"' 10
		# the sweep delivers while Redis is unavailable, within 5 s
		[ $(($(jq -r ._at <<<"$event") - sent)) -lt 8000 ]
	done
	ten_seconds_over() { [ "$(elapsed_ms "$killed")" -ge 10000 ]; }
	wait_until 15 ten_seconds_over
	during=$(($(stored) - before))
	[ $during -ge 100 ] || { echo "only $during sends went through"; return 1; }
	get /readyz
	expect 200
	[ "$(json '[.status, .checks.redis] | join(" ")')" = "degraded failed" ]
	stack start redis
	# Notifications arrive again: much sooner than the sweep.
	live() {
		local at
		send "back $RANDOM"
		at=$(now_ms)
		wait_until 1 event_there ws ".data.id == \"$message\"" 2>/dev/null && [ $(($(jq -r ._at <<<"$event") - at)) -lt 500 ]
	}
	wait_until 30 live
	fence ws sse poll
	for transport in "${TRANSPORTS[@]}"; do in_order "$transport" "$room" 1 "$(get "/v1/conversations/$room" && json .last_seq)"; done
	crowd_judges
	[ "$(jq .again <<<"$verdict")" = 0 ]
}

@test "P3: a user who is removed and added again, or added and removed, without notifications receives each of these events" {
	as alice
	group Other carol
	other=$room
	group Room bob
	further_push
	export STREAM_URL=$further
	as bob
	for transport in "${TRANSPORTS[@]}"; do listen "$transport" "$transport"; done
	as alice
	fence ws sse poll
	stack stop redis
	swept 2
	bob=$(id_of bob)
	delete "/v1/conversations/$room/members/$bob"
	expect 204
	post "/v1/conversations/$room/members" "{\"user_ids\":[\"$bob\"]}"
	expect 200
	swept 3
	send quiet
	post "/v1/conversations/$other/members" "{\"user_ids\":[\"$bob\"]}"
	expect 200
	(room=$other; send "for bob as well")
	delete "/v1/conversations/$other/members/$bob"
	expect 204
	swept 2
	stack start redis 3>&- 4>&-
	swept 2
	send audible
	for transport in "${TRANSPORTS[@]}"; do
		in_order_within 20 "$transport" "$room" 1 6
		in_order_within 20 "$transport" "$other" 2 4
	done
	# And no cursor has skipped any of it.
	as bob
	[ "$(get "/v1/sync?since=$(cat "$(stream_file ws cursor)")" && json '.events | length')" = 0 ]
}

@test "P7: Redis hangs instead of dying: sends go on" {
	as alice
	group Hung bob
	listen bob ws --token "$(token_of bob)"
	stack kill redis STOP
	start=$(now_ms)
	for i in 1 2 3; do send "hung $i"; done
	took=$(elapsed_ms "$start")
	heard bob '.data.text == "hung 3"' 12
	stack kill redis CONT
	[ "$took" -lt 6000 ] || { echo "three sends took $took ms"; return 1; }
	fence bob
	in_order bob "$room" 1 5
}

# healthy NAME DATABASE REDIS [SECONDS]: waits until the last stream.health of the stream has these.
health_received() { [ "$(events_of "$1" | jq -r 'select(.type == "stream.health") | .data | "\(.database) \(.redis)"' | tail -n 1)" = "$2 $3" ]; }
healthy() { wait_until "${4:-10}" health_received "$@" || { events_of "$1" | grep stream.health; return 1; }; }

@test "PostgreSQL and Redis hang for ten seconds under load: streams stay open and get stream.health, and each message arrives once" {
	as alice
	group Hung bob
	as bob
	for transport in "${TRANSPORTS[@]}"; do listen "$transport" "$transport"; done
	as alice
	fence ws sse poll
	# a poll that comes meanwhile is refused
	crowd --users 8 --devices 2 --rate 24 --transports ws,sse
	at=$(stored)
	wait_until 20 more_than $((at + 30))
	stack kill redis STOP
	for transport in ws sse; do healthy $transport ok degraded; done
	listen meanwhile ws --token "$(token_of bob)" # a new stream gets stream.health at once
	healthy meanwhile ok degraded 5
	sent=$(now_ms)
	send "late"
	for transport in "${TRANSPORTS[@]}"; do heard "$transport" '.data.text == "late"' 10; done
	[ "$(elapsed_ms "$sent")" -lt 8000 ] # the sweep takes up to 5 s
	stack kill postgres STOP
	both=$(now_ms)
	for transport in ws sse; do healthy $transport degraded degraded; done
	# A send now gets no answer or 503; it is sent again below.
	post "/v1/conversations/$room/messages" '{"client_id":"hung","text":"in between"}'
	expect 503
	ten_seconds_over() { [ "$(elapsed_ms "$both")" -ge 10000 ]; }
	wait_until 15 ten_seconds_over
	stack kill postgres CONT
	for transport in ws sse; do healthy $transport ok degraded; done
	stack kill redis CONT
	for transport in ws sse; do healthy $transport ok ok; done
	post "/v1/conversations/$room/messages" '{"client_id":"hung","text":"in between"}'
	[[ $reply_status =~ ^20[01]$ ]]
	# A stream that opens while all is well gets no stream.health.
	listen late ws --token "$(token_of bob)"
	fence ws sse poll meanwhile late
	last=$(get "/v1/conversations/$room" && json .last_seq)
	for transport in "${TRANSPORTS[@]}"; do in_order "$transport" "$room" 1 "$last"; done
	for transport in ws sse; do
		[ "$(notes_of $transport | grep -c '"closed"')" = 0 ]
		[ "$(count_heard $transport '.type == "stream.health" and .data.database == "degraded"')" -le 2 ]
	done
	not_heard late '.type == "stream.health"'
	crowd_judges
	[ "$(jq .returns <<<"$verdict")" = 0 ]
}

@test "P1: PostgreSQL is killed under load: every acknowledged message is stored and delivered" {
	crowd --users 8 --devices 2 --rate 40
	at=$(stored)
	for kill in 1 2; do
		wait_until 20 more_than $((at + 60))
		stack kill postgres
		stack start postgres
		recovered() { at=$(stored 2>/dev/null) && [ -n "$at" ]; }
		wait_until 30 recovered
	done
	wait_until 30 more_than $((at + 40))
	crowd_judges
	# It was killed indeed. Whether a client noticed depends on how long the api could wait for
	# it.
	[ "$(grep -c 'was not properly shut down' "$BANTER_STATE/log/postgres.log")" -ge 2 ]
	# Without a doubt in the database's own words.
	[ "$(psql_banter "select count(*) from conversations c where c.last_seq <> (select count(*) from messages m where m.conversation_id = c.id) + (select count(*) from changes h where h.conversation_id = c.id)")" = 0 ]
}

# all_replaced NUMBERS: two workers of the api are there, and none of these.
all_replaced() { [ "$(workers_of api | wc -l)" = 2 ] && [ -z "$(comm -12 <(echo "$1") <(workers_of api | sort))" ]; }

@test "api restarts its workers one by one under load: no request is lost" {
	crowd --users 10 --devices 1 --rate 80
	for turn in 1 2 3; do
		at=$(stored) before=$(workers_of api | sort)
		stack kill api HUP
		wait_until 20 more_than $((at + 120))
		wait_until 20 all_replaced "$before"
	done
	crowd_judges
	[ "$(jq .again <<<"$verdict")" = 0 ]
}

@test "an api worker that is killed is replaced, and acknowledged messages stay" {
	crowd --users 6 --devices 1 --rate 24
	for turn in 1 2; do
		at=$(stored)
		worker=$(workers_of api | head -n 1)
		kill -KILL "$worker"
		wait_until 20 more_than $((at + 50))
		wait_until 20 all_replaced "$worker"
	done
	crowd_judges
}

@test "push drains: every stream gets stream.bye with a time to reconnect, and resumes where it was" {
	# the polls of clients that earlier tests have killed may wait there still
	stack restart push
	as alice
	group Drain bob
	as bob
	for transport in "${TRANSPORTS[@]}"; do for n in 1 2 3; do listen "$transport-$n" "$transport"; done; done
	as alice
	fence {ws,sse,poll}-{1,2,3}
	# The fence moves the marks of both users. A mark that moves is an event that answers the
	# polls. Bob's is published. The sweep finds that of Alice, unless it had not looked before.
	heard ws-1 ".type == \"receipt.updated\" and any(.data.receipts[]; .user_id == \"$(id_of bob)\" and .delivered_id == \"$message\")"
	further=$PUSH_URL swept 2
	# No event is left, so the repeated polls stay open.
	polls_wait() { [ "$(curl -s "$PUSH_URL/metrics" | sed -n 's/^banter_push_streams{transport="poll"} //p')" = 3 ]; }
	wait_until 10 polls_wait
	run stack stop push
	[ "$status" = 0 ] && [ -z "$output" ] # it has not been killed
	for stream in {ws,sse,poll}-{1,2,3}; do
		heard "$stream" '.type == "stream.bye" and .data.code == 4001 and .data.reason == "drain" and .data.retry_after_ms > 0'
		jq -r .data.retry_after_ms <<<"$event" >>"$BATS_TEST_TMPDIR/delays"
	done
	closed_with ws-1 4001
	[ "$(sort -u "$BATS_TEST_TMPDIR/delays" | wc -l)" -ge 3 ] # not all at once
	send "while away"
	stack start push
	as bob
	for transport in "${TRANSPORTS[@]}"; do listen "$transport-1" "$transport"; done
	as alice
	fence {ws,sse,poll}-1
	for transport in "${TRANSPORTS[@]}"; do in_order "$transport-1" "$room" 1 4; done
}

@test "push drains repeatedly under load: nothing is lost or repeated" {
	crowd --users 8 --devices 3 --rate 30
	for turn in 1 2; do
		at=$(stored)
		stack restart push
		wait_until 20 more_than $((at + 60))
	done
	crowd_judges
	[ "$(jq .returns <<<"$verdict")" -ge 30 ]
}

@test "P3: clients that are cut at random and change process and transport lose and repeat nothing" {
	further_push
	crowd --users 10 --devices 3 --rate 24 --drop 6 --streams "$URL,$PUSH_URL,$further"
	at=$(stored)
	wait_until 40 more_than $((at + 250))
	crowd_judges
	[ "$(jq .returns <<<"$verdict")" -ge 20 ]
}

@test "P3: Redis and push are killed together: nothing is lost or repeated" {
	crowd --users 8 --devices 2 --rate 24
	at=$(stored)
	stack kill redis
	stack kill push
	wait_until 20 more_than $((at + 40))
	stack start push
	wait_until 20 more_than $((at + 90))
	stack start redis
	wait_until 20 more_than $((at + 130))
	crowd_judges
}

@test "P3: a cursor is valid after a restart of everything" {
	as alice
	group Restart bob
	as bob
	for transport in "${TRANSPORTS[@]}"; do listen "$transport" "$transport"; done
	as alice
	fence ws sse poll
	for transport in "${TRANSPORTS[@]}"; do hang_up "$transport"; done
	send missed
	stack stop
	start=$(now_ms)
	stack start 3>&- 4>&-
	as bob
	get /v1/me # the token is good as well
	expect 200
	for transport in "${TRANSPORTS[@]}"; do
		listen "$transport" "$transport"
		heard "$transport" '.data.text == "missed"'
		[ "$transport" = poll ] || [ "$(events_of "$transport" | jq -c 'select(.type == "stream.ready") | [.data.resumed, .data.replayed]' | tail -n 1)" = "[true,1]" ]
	done
	as alice
	fence ws sse poll
	for transport in "${TRANSPORTS[@]}"; do in_order "$transport" "$room" 1 4; done
}

@test "PostgreSQL is unavailable: streams stay open, requests get 503 with Retry-After, and both recover afterwards" {
	as alice
	group Away bob
	as bob
	for transport in ws sse; do listen "$transport" "$transport"; done
	as alice
	fence ws sse
	stack stop postgres
	get /v1/me
	expect 503 unavailable
	[[ $(header_of Retry-After) =~ ^[0-9]+$ ]]
	post "/v1/conversations/$room/messages" '{"client_id":"away","text":"x"}'
	expect 503 unavailable
	get /readyz
	[ "$reply_status" = 503 ]
	[ "$(json '[.status, .checks.database] | join(" ")')" = "unavailable failed" ]
	get /healthz
	expect 200
	stack start postgres
	back() { get /readyz && [ "$reply_status" = 200 ]; }
	wait_until 15 back
	post "/v1/conversations/$room/messages" '{"client_id":"away","text":"x"}'
	expect 201
	fence ws sse
	for transport in ws sse; do
		in_order "$transport" "$room" 1 4
		[ "$(notes_of "$transport" | grep -c '"closed"')" = 0 ]
	done
}

@test "PostgreSQL is unavailable: a send by WebSocket waits up to its limit and gets unavailable, and push stops while sends wait" {
	as alice
	group Waiting bob
	messages() { for ((i = 0; i < 200; i++)); do printf '{"type":"message.send","conversation_id":"%s","client_id":"%s-%d","text":"x"}\n' "$room" "$1" "$i"; done; }
	# More than two batches, so that some wait behind those that are under way. The answer to
	# the frame that follows them shows that all were read.
	read_all() {
		messages "$1" 1<>"$(stream_file "$1" orders)"
		speak "$1" '{"type":"ack","cursor":"none"}'
		heard "$1" '.code == "invalid_cursor"'
	}
	further_push BANTER_API_WAIT_MS=1000 BANTER_PUSH_SENDS=200
	STREAM_URL=$further listen short ws
	further_push BANTER_API_WAIT_MS=60000 BANTER_PUSH_SENDS=200
	STREAM_URL=$further listen long ws
	stack stop postgres
	read_all short
	read_all long
	answered() { [ "$(events_of short | jq -s 'map(select(.code == "unavailable").client_id) | unique | length')" = 200 ]; }
	wait_until 10 answered
	[ "$(events_of long | jq -s 'map(select(.client_id)) | length')" = 0 ]
	stack stop "$further_part"
	stack start postgres
	[ "$(psql_banter "select count(*) from messages where conversation_id = $room")" = 0 ]
}

@test "P7: a message by WebSocket reaches the streams of its process without Redis" {
	as alice
	group Own bob
	# No Redis there, and a sweep that takes its time.
	further_push BANTER_REDIS_URL=redis://127.0.0.1:1 BANTER_PUSH_SWEEP_SECONDS=60
	STREAM_URL=$further listen alice ws
	as bob
	STREAM_URL=$further listen bob sse
	for text in one two three; do
		speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"$text\",\"text\":\"$text\"}"
		heard bob ".type == \"message.created\" and .data.text == \"$text\"" 5
	done
	in_order_within 5 alice "$room" 1 4
	in_order_within 5 bob "$room" 1 4
}

@test "P7: while no message by WebSocket can be stored, the sweep, revocations and new streams work" {
	as alice
	group Room bob
	further_push
	export STREAM_URL=$further
	as bob
	listen bob ws
	as_device bob second
	listen second sse
	role=$(psql -XAtq -d "$BANTER_DATABASE_URL" -c 'select current_user')
	# The connections for messages are closed, and cannot be reopened.
	admin "alter role $role connection limit 1"
	admin "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'banter-push-send'"
	away() { [ "$(curl -s "$further/metrics" | sed -n 's/^banter_push_degraded{part="database"} //p')" = 1 ]; }
	wait_until 10 away || { admin "alter role $role connection limit -1"; return 1; }
	admin "set search_path = banter; select event from message_send($room, $(id_of alice), 'silent', 'silent', null, null)" >/dev/null
	listen late sse
	heard bob '.data.text == "silent"' 12 || { admin "alter role $role connection limit -1"; return 1; }
	as_device bob second
	admin "set search_path = banter; update devices set revoked_at = now() where id = $device_id" >/dev/null
	closed_with second 4501 5 || { admin "alter role $role connection limit -1"; return 1; }
	admin "alter role $role connection limit -1"
	as bob
	speak bob "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"again\",\"text\":\"x\"}"
	heard bob '.type == "message.sent" and .client_id == "again"' 15
}

@test "a message whose transaction is a deadlock's victim is stored by a repeat" {
	as alice
	group Knot bob
	listen alice ws
	coproc OTHER { psql -qXAt -h "$BANTER_STATE/socket" -U postgres banter 2>&1 3>&- 4>&-; }
	other() { echo "$1" >&"${OTHER[1]}" && read -r -t 10 <&"${OTHER[0]}"; }
	# push waits first, so it checks first for a deadlock, and its transaction fails.
	other "set deadlock_timeout = '20s'; begin; select user_id from banter.members where conversation_id = $room and role = 'owner' for update;"
	speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"knot\",\"text\":\"x\"}"
	waits() { [ "$(psql_banter "select count(*) from pg_stat_activity where application_name = 'banter-push-send' and wait_event_type = 'Lock'")" = 1 ]; }
	wait_until 10 waits
	other "select id from banter.conversations where id = $room for no key update; commit;"
	heard alice '.client_id == "knot" and (.type == "message.sent" or .code)'
	[ "$(events_of alice | jq -r 'select(.client_id == "knot") | .type')" = message.sent ]
	exec {OTHER[1]}>&-
}

@test "P1: programs refuse to start on a database with fsync off" {
	other=$(mktemp -d "${TMPDIR:-/tmp}/banter-fsync.XXXXXX")
	as_owner=()
	if [ "$(id -u)" = 0 ]; then
		chown "$BANTER_USER:" "$other"
		as_owner=(setpriv "--reuid=$BANTER_USER" "--regid=$BANTER_USER" --init-groups env HOME=/nonexistent)
	fi
	PATH=$PATH:/usr/lib/postgresql/15/bin
	"${as_owner[@]}" initdb -D "$other/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-instructions >/dev/null
	"${as_owner[@]}" setsid postgres -D "$other/data" -c fsync=off -c listen_addresses= -c unix_socket_directories="$other" >"$BATS_TEST_TMPDIR/postgres" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_TEST_TMPDIR/postgres.pid"
	wait_until 20 pg_isready -q -h "$other" -U postgres
	psql -Xq -h "$other" -U postgres -d postgres -c 'create role banter login' -c 'create database banter owner banter'
	psql -Xq -h "$other" -U postgres -d banter -f "$BANTER_STATE/opt/share/banter/sql/roles.sql" >/dev/null
	psql -Xq -h "$other" -U banter_owner -d banter -f "$BANTER_STATE/opt/share/banter/sql/load.sql" >/dev/null 2>&1
	for program in api push; do
		run timeout 10 env BANTER_DATABASE_URL="postgresql:///banter?host=$other&user=banter" BANTER_API_SOCKET="$BATS_TEST_TMPDIR/api.sock" BANTER_PUSH_PORT=$((BANTER_PUSH_PORT + 1)) \
			"$BANTER_STATE/opt/bin/banter-$program"
		[ "$status" != 0 ] && [ "$status" -lt 124 ] && [[ $output == *fsync* ]] || { echo "$program: $status $output"; kill -KILL "$(<"$BATS_TEST_TMPDIR/postgres.pid")"; return 1; }
	done
	kill -INT "$(<"$BATS_TEST_TMPDIR/postgres.pid")"
	rm -rf "$other"
}
