# Order: dense seq, holes, lost notifications, and cursors that miss nothing.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; load ../support/streams; }
teardown() { streams_end; }

# push_count NAME: prints a row of push's metrics.
push_count() { curl -sf "$PUSH_URL/metrics" | sed -n "s/^banter_push_$1 //p"; }

# shuffle N: stores a dozen messages, and publishes them all at once in another order, so that push
# restores the order by holding events, and not by a query. Then sends one more.
shuffle() {
	local events payloads=() i transport
	# A payload has two lines, so its newline is replaced until here.
	mapfile -t events < <(psql_banter "select translate(event, E'\\n', '~') from generate_series(1, 12) n, message_send($room, $user_id, 'shuffled-$1-' || n, 'shuffled-$1-' || n, null, null)")
	for i in 5 3 12 1 4 2 9 7 6 8 10 11 5 12; do payloads+=("${events[i - 1]/\~/$'\n'}"); done
	redis eval "for i = 1, #ARGV do redis.call('publish', KEYS[1], ARGV[i]) end" 1 "${BANTER_REDIS_PREFIX:-banter:}c:$room" "${payloads[@]}" >/dev/null
	for transport in "${TRANSPORTS[@]}"; do heard "$transport" ".data.text == \"shuffled-$1-12\""; done
	fence "${TRANSPORTS[@]}"
}

@test "P2: events that are published in another order than committed arrive in order, on each transport" {
	as alice
	group Room bob
	for transport in "${TRANSPORTS[@]}"; do as bob; listen "$transport" "$transport"; done
	as alice
	fence ws sse poll
	last=2
	for round in 1 2 3; do
		holds=$(push_count holds_total) repairs=$(push_count gap_repairs_total) finds=$(push_count sweep_finds_total)
		shuffle $round
		last=$((last + 13))
		for transport in "${TRANSPORTS[@]}"; do in_order "$transport" "$room" 1 $last; done
		# When the sweep finds the events first, nothing is held: the next dozen has to show
		# it.
		[ "$(push_count sweep_finds_total)" != "$finds" ] || break
	done
	[ "$(push_count sweep_finds_total)" = "$finds" ]
	[ "$(push_count holds_total)" -gt "$holds" ] && [ "$(push_count gap_repairs_total)" = "$repairs" ]
}

@test "P2: lost events among shuffled ones are read from the database at once" {
	as alice
	group Room bob
	# longer than the test: the sweep does not find them
	further_push BANTER_PUSH_SWEEP_SECONDS=60
	export STREAM_URL=$further
	for transport in "${TRANSPORTS[@]}"; do as bob; listen "$transport" "$transport"; done
	as alice
	fence ws sse poll
	for i in {1..9}; do sql_send "$user_id" "lossy-$i" >"$BATS_TEST_TMPDIR/event.$i"; done
	for i in 8 2 9 5; do publish "c:$room" "$(<"$BATS_TEST_TMPDIR/event.$i")"; done
	for transport in "${TRANSPORTS[@]}"; do
		heard "$transport" '.data.text == "lossy-9"'
		in_order "$transport" "$room" 1 11
	done
	[ "$(PUSH_URL=$further push_count gap_repairs_total)" -ge 1 ]
	[ "$(PUSH_URL=$further push_count sweep_finds_total)" = 0 ]
}

@test "P7: a message whose publish was lost arrives within 5 s, on each transport" {
	as alice
	group Room bob
	for transport in "${TRANSPORTS[@]}"; do as bob; listen "$transport" "$transport"; done
	as alice
	fence ws sse poll
	stored=$(now_ms)
	sql_send "$user_id" "silent" >/dev/null
	for transport in "${TRANSPORTS[@]}"; do
		heard "$transport" '.data.text == "silent"' 10
		late=$(($(jq -r ._at <<<"$event") - stored))
		# 5 s, and more for a machine that is busy with tests
		[ $late -lt 8000 ] || { echo "$transport took $late ms"; return 1; }
	done
	fence ws sse poll
	for transport in "${TRANSPORTS[@]}"; do in_order "$transport" "$room" 1 4; done
}

@test "P7: a membership whose notification was lost arrives, with the messages of its conversation" {
	as alice
	group Room carol
	send early
	for transport in "${TRANSPORTS[@]}"; do as bob; listen "$transport" "$transport"; done
	as alice
	psql_banter "select count(*) from member_add($room, $user_id, array[$(id_of bob)])" >/dev/null
	stored=$(now_ms)
	sql_send "$user_id" "silent" >/dev/null
	for transport in "${TRANSPORTS[@]}"; do
		heard "$transport" ".conversation_id == \"$room\" and .data.text == \"silent\"" 15
		late=$(($(jq -r ._at <<<"$event") - stored))
		# a membership is found by a round, its horizon by the round before
		[ $late -lt 14000 ] || { echo "$transport took $late ms"; return 1; }
		in_order "$transport" "$room" 3 4
		[ "$(events_of "$transport" | jq -r "select(.conversation_id == \"$room\" and .seq == 3) | .type")" = conversation.created ]
	done
	fence ws sse poll
	for transport in "${TRANSPORTS[@]}"; do in_order "$transport" "$room" 3 5; done
}

@test "P3: two transactions commit in another order than their ids: a client that resumes in between misses nothing" {
	as alice
	group Slow bob
	slow=$room
	group Fast bob
	fast=$room
	for transport in "${TRANSPORTS[@]}"; do as bob; listen "$transport" "$transport"; done
	as alice
	fence ws sse poll
	# Takes an id, and leaves its transaction open.
	event=$(hold writer "select event from message_send($slow, $user_id, 'held', 'held', null, null)")
	[[ $event == "e "* ]]
	# Commits and delivers larger ids, for longer than a whole round of the sweep. Two slices of
	# the sweep find the two lost notifications.
	for n in 1 2 3; do
		sql_send "$user_id" "swept-$n" >/dev/null
		for transport in "${TRANSPORTS[@]}"; do heard "$transport" ".data.text == \"swept-$n\"" 10; done
	done
	send "larger"
	for transport in "${TRANSPORTS[@]}"; do
		heard "$transport" '.data.text == "larger"'
		cursor=$(jq -r .cursor <<<"$event")
		hang_up "$transport"
		cp "$(stream_file "$transport" cursor)" "$BATS_TEST_TMPDIR/cursor.$transport"
		[ "$(<"$BATS_TEST_TMPDIR/cursor.$transport")" = "$cursor" ] || [ "$transport" = poll ]
	done
	# Resumes before the commit and after it, each time on another transport.
	as bob
	listen ws poll
	listen sse ws
	listen poll sse
	release writer
	as bob
	for transport in "${TRANSPORTS[@]}"; do
		listen "late-$transport" "$transport" --since "$(<"$BATS_TEST_TMPDIR/cursor.$transport")"
		heard "late-$transport" '.data.text == "held"' 10
		heard "$transport" '.data.text == "held"' 10
	done
	as alice
	fence ws sse poll late-{ws,sse,poll}
	for transport in "${TRANSPORTS[@]}"; do
		heard_times "$transport" '.data.text == "held"' 1
		heard_times "late-$transport" '.data.text == "held"' 1
		in_order "$transport" "$fast" 1 7
		in_order "late-$transport" "$fast" 7 7
		in_order "late-$transport" "$slow" 2 2
	done
}

@test "P1: a device that begins without a cursor and resumes does not receive what another device has received" {
	as alice
	group Slow carol
	slow=$room
	group Room bob
	# The horizon stays below all later ids.
	hold writer "select event from message_send($slow, $user_id, 'held', 'held', null, null)" >/dev/null
	send had
	had=$message
	as bob
	post /v1/receipts "{\"receipts\":[{\"conversation_id\":\"$room\",\"delivered\":\"$had\"}]}"
	expect 200
	as_device bob phone
	for transport in "${TRANSPORTS[@]}"; do
		listen "new-$transport" ws
		heard "new-$transport" '.type == "stream.ready"'
		listen "$transport" "$transport" --since "$(jq -r .data.cursor <<<"$event")"
	done
	as alice
	fence ws sse poll new-{ws,sse,poll}
	release writer
	for transport in "${TRANSPORTS[@]}"; do
		in_order "new-$transport" "$room" 3 3
		in_order "$transport" "$room" 3 3
	done
}

@test "P3: a cursor is valid on every transport and on another process" {
	as alice
	group Room bob
	further_push
	as bob
	listen start ws
	as alice
	send m2
	heard start '.data.text == "m2"'
	cursor=$(jq -r .cursor <<<"$event")
	hang_up start
	send m3
	as bob
	for from in "${TRANSPORTS[@]}"; do
		STREAM_URL=$further listen "$from" "$from" --since "$cursor"
		heard "$from" ".data.text == \"m3\" and .conversation_id == \"$room\""
		in_order "$from" "$room" 3 3
		cut=$(<"$(stream_file "$from" cursor)")
		hang_up "$from"
		for to in "${TRANSPORTS[@]}"; do
			listen "$from-$to" "$to" --since "$cut"
			[ "$to" = poll ] || [ "$(events_of "$from-$to" | jq -c 'select(.type == "stream.ready") | [.data.resumed, .data.replayed]')" = "[true,0]" ]
		done
	done
	as alice
	fence ws-{ws,sse,poll} sse-{ws,sse,poll} poll-{ws,sse,poll}
	for from in "${TRANSPORTS[@]}"; do for to in "${TRANSPORTS[@]}"; do in_order "$from-$to" "$room" 4 4; done; done
}

@test "P3: more missed events than a page holds arrive once, in order" {
	as alice
	group Room bob
	as bob
	for transport in "${TRANSPORTS[@]}"; do listen "$transport" "$transport"; hang_up "$transport"; done
	psql_banter "select count(*) from generate_series(1, 1300) n, message_send($room, $(id_of alice), 'bulk-' || n, 'bulk ' || n, null, null)" >/dev/null
	for transport in "${TRANSPORTS[@]}"; do
		listen "$transport" "$transport"
		in_order_within 20 "$transport" "$room" 1 1301
	done
}

@test "P3: more missed events than a page holds in bytes arrive once, in order" {
	as alice
	group Room bob
	as bob
	for transport in "${TRANSPORTS[@]}"; do listen "$transport" "$transport"; hang_up "$transport"; done
	psql_banter "select count(*) from generate_series(1, 12) n, message_send($room, $(id_of alice), 'long-' || n, repeat('x', 65000), null, null)" >/dev/null
	for transport in "${TRANSPORTS[@]}"; do
		listen "$transport" "$transport"
		in_order_within 20 "$transport" "$room" 1 13
	done
}

@test "P3: a client that has missed too much gets stream.reset" {
	as alice
	group Room bob
	further_push BANTER_PUSH_REPLAY_EVENTS=50 BANTER_PUSH_REPLAY_PAGE=20
	as bob
	for transport in "${TRANSPORTS[@]}"; do listen "$transport" "$transport"; hang_up "$transport"; done
	psql_banter "select count(*) from generate_series(1, 120) n, message_send($room, $(id_of alice), 'bulk-' || n, 'bulk ' || n, null, null)" >/dev/null
	for transport in "${TRANSPORTS[@]}"; do
		STREAM_URL=$further listen "$transport" "$transport"
		heard "$transport" '.type == "stream.reset" and .data.reason == "too_far"'
	done
	as alice
	fence ws sse poll
	# Takes a snapshot, and opens a stream with its cursor.
	as bob
	get /v1/sync
	for transport in "${TRANSPORTS[@]}"; do STREAM_URL=$further listen "again-$transport" "$transport" --since "$(json .cursor)"; done
	as alice
	fence again-{ws,sse,poll}
}

@test "P3: a conversation that begins while the stream is open is delivered from its first event" {
	for transport in "${TRANSPORTS[@]}"; do as bob; listen "$transport" "$transport"; done
	as alice
	for i in {1..5}; do
		group "New $i" bob
		rooms+=("$room")
		send "at once"
	done
	direct_with bob
	for transport in "${TRANSPORTS[@]}"; do
		for room in "${rooms[@]}"; do in_order_within 10 "$transport" "$room" 1 2; done
	done
}

opening_waits() {
	[ "$(psql_banter "select count(*) from pg_stat_activity where query like '%streams_open%' and wait_event_type = 'Lock' and pid <> pg_backend_pid()")" -ge 1 ]
}

# bob_comes_back TRANSPORT [COMMAND…]: opens bob's stream, closes it, runs the command, and opens
# the stream again. push queries his memberships as they are now, but gets the result only after
# `release TRANSPORT-writer`. In this moment an event could be lost between the query and the
# subscription. Alice's stream stays open. `wait $coming` waits until bob's stream is open.
bob_comes_back() {
	as bob
	listen "$1" "$1"
	hang_up "$1"
	"${@:2}"
	hold "$1-writer" "lock table retention in access exclusive mode" >/dev/null
	listen "$1" "$1" 3>&- 4>&- &
	coming=$!
	wait_until 10 opening_waits
	as alice
}

@test "P3: a client that has missed nothing resumes without a read of messages" {
	as alice
	group Room bob
	as bob
	for transport in "${TRANSPORTS[@]}"; do
		listen "$transport" "$transport"
		hang_up "$transport"
	done
	hold writer "lock table messages, changes in access exclusive mode" >/dev/null
	for transport in "${TRANSPORTS[@]}"; do listen "$transport" "$transport"; done
	release writer
	as alice
	fence ws sse poll
	for transport in "${TRANSPORTS[@]}"; do in_order "$transport" "$room" 1 2; done
}

@test "P3: events that are delivered while a stream reads its memberships are not skipped" {
	as alice
	group Room bob
	further_push BANTER_PUSH_SWEEP_SECONDS=60
	export STREAM_URL=$further
	listen alice ws
	for transport in "${TRANSPORTS[@]}"; do
		bob_comes_back "$transport"
		send "during $transport"
		heard alice ".data.text == \"during $transport\""
		release "$transport-writer"
		wait $coming
		heard "$transport" ".data.text == \"during $transport\"" 5
	done
}

replay_waits() {
	[ "$(psql_banter "select count(*) from pg_stat_activity where query like '%sync_events%' and wait_event_type = 'Lock' and pid <> pg_backend_pid()")" -ge 1 ]
}

@test "P6: a member who is removed while the stream reads its memberships receives the removal, and nothing after it" {
	as alice
	further_push BANTER_PUSH_SWEEP_SECONDS=60
	export STREAM_URL=$further
	listen alice ws
	for transport in "${TRANSPORTS[@]}"; do
		as alice
		group "Room $transport" bob
		bob_comes_back "$transport"
		delete "/v1/conversations/$room/members/$(id_of bob)"
		send "between $transport"
		heard alice ".data.text == \"between $transport\""
		# An event that arrives while the replay waits is held, if the stream is subscribed.
		hold "$transport-reader" "lock table changes in access exclusive mode" >/dev/null
		release "$transport-writer"
		wait_until 10 replay_waits
		send "after $transport"
		heard alice ".data.text == \"after $transport\""
		release "$transport-reader"
		wait $coming
		heard "$transport" ".type == \"member.removed\" and .conversation_id == \"$room\""
		send "later $transport"
		as bob
		group "Elsewhere $transport" alice
		send "x $transport"
		heard "$transport" ".data.text == \"x $transport\""
		not_heard "$transport" ".data.text // \"\" | test(\"^(between|after|later) \")"
		hang_up "$transport"
	done
}

@test "P5: marks that arrive in another order than they moved are reported forward only" {
	as alice
	group Room bob
	for name in alice bob; do as $name; listen $name ws; done
	as bob
	fence alice bob
	mark() { publish "c:$room" "r $user_id 900000000000000000$1 900000000000000000$1"; }
	own() { publish "u:$user_id" "n $room 900000000000000000$1 {\"type\":\"conversation.read\",\"data\":{\"conversation_id\":\"$room\",\"read_id\":\"900000000000000000$1\"}}"; }
	told() { heard "$1" ".type == \"receipt.updated\" and any(.data.receipts[]; .read_id == \"900000000000000000$2\")"; }
	mark 3
	for name in alice bob; do told $name 3; done
	own 3
	heard bob '.type == "conversation.read" and .data.read_id == "9000000000000000003"'
	own 2
	mark 2
	mark 4
	for name in alice bob; do told $name 4; done
	own 3
	own 5
	heard bob '.type == "conversation.read" and .data.read_id == "9000000000000000005"'
	for name in alice bob; do
		not_heard $name '.type == "receipt.updated" and any(.data.receipts[]?; .read_id == "9000000000000000002")'
	done
	not_heard bob '.type == "conversation.read" and .data.read_id == "9000000000000000002"'
	[ "$(count_heard bob '.type == "conversation.read" and .data.read_id == "9000000000000000003"')" = 1 ]
}

@test "P6: a late mark of a member's own is not delivered after the member has left" {
	as alice
	group Room bob
	left=$room
	listen alice ws
	for transport in "${TRANSPORTS[@]}"; do as bob; listen "$transport" "$transport"; done
	late() { publish "u:$user_id" "n $left $1 {\"type\":\"conversation.read\",\"data\":{\"conversation_id\":\"$left\",\"read_id\":\"$1\"}}"; }
	as bob
	fence "${TRANSPORTS[@]}"
	late 9000000000000000001
	# a poll receives it only while it waits
	for transport in ws sse; do heard "$transport" '.type == "conversation.read" and .data.read_id == "9000000000000000001"'; done
	as alice
	delete "/v1/conversations/$left/members/$(id_of bob)"
	for transport in "${TRANSPORTS[@]}"; do heard "$transport" '.type == "member.removed"'; done
	as bob
	group Elsewhere alice
	fence "${TRANSPORTS[@]}"
	late 9000000000000000002
	fence "${TRANSPORTS[@]}"
	for transport in "${TRANSPORTS[@]}"; do not_heard "$transport" '.type == "conversation.read" and .data.read_id == "9000000000000000002"'; done
}

@test "P3: a user who is added without a notification during the replay receives the later events" {
	further_push BANTER_PUSH_SWEEP_SECONDS=1
	export STREAM_URL=$further
	for transport in ws sse; do
		as alice
		group "Other $transport" carol
		other=$room
		group "Room $transport" bob
		as bob
		listen "$transport" "$transport"
		hang_up "$transport"
		# More than the sockets hold: the replay does not end while bob does not read.
		psql_banter "select count(*) from generate_series(1, 250) n, message_send($room, $(id_of alice), 'bulk-' || n, repeat('x', 60000), null, null)" >/dev/null
		listen "$transport" "$transport" --hold
		psql_banter "select count(*) from member_add($other, $(id_of alice), array[$user_id])" >/dev/null
		swept 3
		speak "$transport" '!resume'
		in_order_within 30 "$transport" "$room" 1 251
		as alice
		room=$other
		send audible
		in_order_within 15 "$transport" "$other" 2 3
		hang_up "$transport"
	done
}

nobody_listens() { [ "$(redis pubsub numsub "${BANTER_REDIS_PREFIX:-banter:}c:$room" | tail -n 1)" = 0 ]; }

@test "P7: an event that is published before the channel is subscribed is delivered before the next sweep" {
	as alice
	group Room bob
	further_push BANTER_PUSH_SWEEP_SECONDS=60
	export STREAM_URL=$further
	for transport in "${TRANSPORTS[@]}"; do
		bob_comes_back "$transport" wait_until 5 nobody_listens
		sql_send "$user_id" "vain $transport" >/dev/null
		release "$transport-writer"
		wait $coming
		heard "$transport" ".data.text == \"vain $transport\"" 5
		hang_up "$transport"
	done
}
