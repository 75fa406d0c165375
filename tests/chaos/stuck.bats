# Waits in PostgreSQL: a conversation or a member that another transaction holds, and every commit
# while a standby is lost. Only requests that depend on them wait.
# SPDX-License-Identifier: MIT

load own

WAIT_MS=12000 # long enough for a slow machine to do something else meanwhile

setup_file() { own_stack BANTER_API_WAIT_MS=12000; }
setup() {
	load_helpers
	as alice
	group Held bob
	held=$room
	group Free bob
	free=$room
}
teardown() {
	streams_end
	admin "alter system reset synchronous_standby_names" "select pg_reload_conf()"
}

# later NAME ROOM TEXT: sends a message in the background. answer NAME: waits for its reply, and
# sets $reply_status and $took, in seconds.
later() {
	curl -s --max-time 30 -o /dev/null -w '%{http_code} %{time_total}' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
		--data-binary "{\"client_id\":\"$1.$3\",\"text\":\"$3\"}" "$URL/v1/conversations/$2/messages" >"$BATS_TEST_TMPDIR/later.$1" 3>&- 4>&- &
	echo $! >"$BATS_TEST_TMPDIR/later.$1.pid"
}
over() { ! kill -0 "$(<"$BATS_TEST_TMPDIR/later.$1.pid")" 2>/dev/null; }
answer() {
	wait_until 40 over "$1"
	read -r reply_status took <"$BATS_TEST_TMPDIR/later.$1" || true
}
within_limit() { awk -v t="$took" -v limit=$WAIT_MS 'BEGIN { exit !(t * 1000 < limit + 4000) }' || { echo "answered after $took s"; return 1; }; }

texts_of() { psql_banter "select string_agg(text, ' ' order by seq) from messages where conversation_id = $1"; }
# A refused message may still be stored, by a batch that waits. none_waits: no such batch is left.
none_waits() { [ "$(psql_banter "select count(*) from pg_locks where not granted")" = 0 ]; }
stored_in() { [ "$(psql_banter "select count(*) from messages where conversation_id = $1")" = "$2" ]; }
say() { speak "$1" "{\"type\":\"message.send\",\"conversation_id\":\"$2\",\"client_id\":\"$3\",\"text\":\"$3\"}"; }

hold_conversation() { hold "$1" "select from conversations where id = $held for no key update"; }
hold_member() { hold "$1" "select from members where conversation_id = $held and user_id = $(id_of "$2") for update"; }

# counted URL NAME N: checks that the program has counted N of these or more.
counted() {
	local n
	n=$(curl -s -m 5 "$1/metrics" | awk -v name="$2" '$1 == name { print $2 }')
	[ "${n:-0}" -ge "$3" ] || { echo "$2: ${n:-missing}" >&2; return 1; }
}

# Checks that all other sends are stored, while more senders than the api has connections wait in
# vain.
others_go_on() {
	local n
	for n in {1..12}; do later "held$n" "$held" "$n"; done
	for n in {1..12}; do later "free$n" "$free" "$n"; done
	for n in {1..12}; do
		answer "free$n"
		[ "$reply_status" = 201 ] || { echo "free $n: $reply_status after $took s"; return 1; }
	done
	for n in {1..12}; do
		answer "held$n"
		[ "$reply_status" = 503 ] || { echo "held $n: $reply_status after $took s"; return 1; }
		within_limit
	done
}

@test "a locked conversation stops no other sends by REST, and its own get unavailable in time" {
	hold_conversation holder
	others_go_on
	counted "$URL" banter_api_send_busy_total 1
	counted "$URL" banter_api_send_late_total 12
	wait_until 10 none_waits
	release holder
	room=$held
	send afterwards
	stored_in "$held" 1
}

@test "a locked row of a sender stops no other sends by REST" {
	hold_member holder alice
	others_go_on
	later alice "$held" again
	as bob
	room=$held
	send "not held"
	release holder
	answer alice
	[ "$reply_status" = 201 ]
	[ "$(texts_of "$held")" = "not held again" ]
}

@test "sends of others are stored right after those of a locked sender were refused" {
	hold_member holder alice
	later alice "$held" first
	until over alice; do sleep 0.005; done
	as bob
	for i in {1..5}; do
		later "bob$i" "$held" "$i"
		sleep 0.01
	done
	answer alice
	[ "$reply_status" = 503 ]
	for i in {1..5}; do
		answer "bob$i"
		[ "$reply_status" = 201 ] || { echo "bob $i: $reply_status after $took s"; return 1; }
	done
}

@test "sends to a locked conversation by REST are stored when it is unlocked" {
	for i in 1 2 3; do
		hold_conversation holder$i
		later first$i "$held" a$i
		later second$i "$held" b$i
		room=$free
		send "meanwhile $i"
		release holder$i
		for name in first$i second$i; do
			answer $name
			[ "$reply_status" = 201 ] || { echo "$name: $reply_status"; return 1; }
		done
	done
	stored_in "$held" 6
}

@test "a locked conversation stops no other sends by WebSocket, and its own keep their order" {
	listen alice ws
	hold_conversation holder
	for i in {1..6}; do say alice "$held" m$i; done
	say alice "$free" free
	heard alice '.type == "message.sent" and .client_id == "free"'
	[ "$(count_heard alice '.client_id == "m1"')" = 0 ]
	release holder
	for i in {1..6}; do heard alice ".type == \"message.sent\" and .client_id == \"m$i\""; done
	[ "$(texts_of "$held")" = "m1 m2 m3 m4 m5 m6" ]
}

@test "sends by WebSocket to a conversation that stays locked get unavailable in time" {
	listen alice ws
	listen bob ws --token "$(token_of bob)"
	hold_member holder alice
	for i in {1..3}; do say alice "$held" late$i; done
	start=${EPOCHREALTIME/./}
	say bob "$held" bob
	heard bob '.type == "message.sent" and .client_id == "bob"'
	for i in {1..3}; do heard alice ".client_id == \"late$i\" and .code == \"unavailable\"" 25; done
	[ $((${EPOCHREALTIME/./} - start)) -lt $(((WAIT_MS + 6000) * 1000)) ]
	counted "$PUSH_URL" banter_push_send_busy_total 1
	counted "$PUSH_URL" banter_push_send_late_total 3
	wait_until 10 none_waits
	release holder
	say alice "$held" late1
	heard alice '.type == "message.sent" and .client_id == "late1"'
	[ "$(texts_of "$held")" = "bob late1" ]
}

@test "many locked conversations: the sends of each are stored soon after it is unlocked" {
	rooms=()
	for i in {1..8}; do group "Room $i" bob; rooms+=("$room"); done
	listen alice ws
	hold holder "select from conversations where id in ($(IFS=,; echo "${rooms[*]}")) for no key update"
	for i in {1..8}; do later many$i "${rooms[i - 1]}" x; done
	speak alice "$(for i in {1..8}; do echo "{\"type\":\"message.send\",\"conversation_id\":\"${rooms[i - 1]}\",\"client_id\":\"y$i\",\"text\":\"y\"}"; done)"
	say alice "$free" free
	heard alice '.type == "message.sent" and .client_id == "free"'
	release holder
	for i in {1..8}; do
		answer many$i
		[ "$reply_status" = 201 ] || { echo "$i: $reply_status"; return 1; }
		heard alice ".type == \"message.sent\" and .client_id == \"y$i\""
	done
}

# senders: prints the backends of push's connections for sends. senders_wait N: checks that N of
# them wait for the standby.
senders() { admin "select string_agg(pid::text, ' ' order by pid) from pg_stat_activity where application_name = 'banter-push-send'"; }
senders_wait() { [ "$(sessions "and application_name = 'banter-push-send' and wait_event = 'SyncRep'")" = "$1" ]; }

@test "P1: with a lost standby, sends by WebSocket get unavailable, and are acknowledged only after the standby is back" {
	listen alice ws
	before=$(senders)
	standby_lost
	speak alice "$(for i in {1..4}; do echo "{\"type\":\"message.send\",\"conversation_id\":\"$free\",\"client_id\":\"p$i\",\"text\":\"p$i\"}"; done)"
	wait_until 10 senders_wait 1
	say alice "$held" q
	wait_until 10 senders_wait 2
	for name in p1 p2 p3 p4 q; do heard alice ".client_id == \"$name\" and .code == \"unavailable\"" 25; done
	for i in {1..5}; do
		start=${EPOCHREALTIME/./}
		for name in "$i" p$i; do say alice "$free" "$name"; done
		heard alice ".client_id == \"$i\" and .code == \"unavailable\"" 10
		[ $((${EPOCHREALTIME/./} - start)) -lt $((WAIT_MS * 500)) ]
	done
	heard_times alice '.client_id == "p4" and .code == "unavailable"' 2
	senders_wait 2
	[ "$(senders)" = "$before" ]
	[ "$(count_heard alice '.type == "message.sent"')" = 0 ]
	standby_back
	stored() { say alice "$free" p1; heard alice '.type == "message.sent" and .client_id == "p1"' 1; }
	wait_until 20 stored
	for i in {2..5}; do
		say alice "$free" p$i
		heard alice ".type == \"message.sent\" and .client_id == \"p$i\"" 20
	done
	[ "$(texts_of "$free")" = "p1 p2 p3 p4 p5" ]
}

sessions() { admin "select count(*) from pg_stat_activity where application_name like 'banter%' $1"; }
standby_lost() { admin "alter system set synchronous_standby_names = 'nobody'" "select pg_reload_conf()"; }
standby_back() { admin "alter system reset synchronous_standby_names" "select pg_reload_conf()"; }

# refused_at_once: checks that a send is unavailable without waiting for its whole time.
refused_at_once() {
	later quick "$free" "quick$RANDOM$RANDOM"
	answer quick
	[ "$reply_status" = 503 ] && awk -v t="$took" -v limit=$WAIT_MS 'BEGIN { exit !(t * 1000 < limit / 2) }'
}

@test "a lost standby: sends and changes get unavailable, reads work, and no more sessions wait than there are connections" {
	listen alice ws
	standby_lost
	before=$(sessions "")
	for n in {1..6}; do later send$n "$free" s$n; done
	say alice "$held" up
	for n in {1..6}; do
		answer send$n
		[ "$reply_status" = 503 ] || { echo "send $n: $reply_status"; return 1; }
		within_limit
	done
	heard alice '.client_id == "up" and .code == "unavailable"' 25
	# Further sends are refused as soon as every connection is known to wait.
	for n in {1..4}; do later more$n "$held" m$n; done
	for n in {1..4}; do answer more$n; [ "$reply_status" = 503 ]; done
	wait_until 40 refused_at_once
	for n in {1..5}; do refused_at_once || { echo "refusal $n: $reply_status after $took s"; return 1; }; done
	for n in 1 2; do
		patch "/v1/conversations/$free" "{\"title\":\"Title $n\"}"
		expect 503 unavailable
	done
	for path in /v1/me /v1/conversations "/v1/conversations/$free" "/v1/conversations/$free/messages" "/v1/conversations/$free/members" /v1/sync; do
		get $path
		expect 200
	done
	# api: 2 for sends, 2 for other writes; push: 2 for sends, and what else it writes.
	waiting=$(sessions "and wait_event = 'SyncRep'") after=$(sessions "")
	echo "$before sessions, then $after, of which $waiting wait for the standby"
	[ "$waiting" -le 7 ]
	[ "$after" -le $((before + 4)) ]
	counted "$URL" banter_api_send_batches_late_total 1
	counted "$PUSH_URL" banter_push_send_batches_late_total 1
	standby_back
	again() { post "/v1/conversations/$free/messages" '{"client_id":"send1.s1","text":"s1"}'; [ "$reply_status" = 200 ] || [ "$reply_status" = 201 ]; }
	wait_until 20 again
	for n in {2..6}; do
		post "/v1/conversations/$free/messages" "{\"client_id\":\"send$n.s$n\",\"text\":\"s$n\"}"
		[[ $reply_status =~ ^20[01]$ ]]
	done
	[ "$(psql_banter "select count(*) from messages where conversation_id = $free and text ~ '^s[1-6]$'")" = 6 ]
	say alice "$held" up
	heard alice '.client_id == "up" and .type == "message.sent"' 20
	patch "/v1/conversations/$free" '{"title":"Title"}'
	expect 200
}
