# The counters of the programs, in the text format of Prometheus.
# SPDX-License-Identifier: MIT

setup() {
	load ../support/helpers
	load ../support/streams
	PATH=$PATH:$ROOT/build/tools
}
teardown() { streams_end; }

# page ADDRESS: fetches the metrics and checks them with promtool; $page is the text.
page() {
	raw "$1/metrics"
	[ "$reply_status" = 200 ] || { echo "$1/metrics: $reply_status"; return 1; }
	page=$reply
	promtool check metrics <<<"$page" 2>&1 || { echo "$page"; return 1; }
}

# value NAME: prints the value of this name and labels, without the label `process`; of several
# rows, the sum.
value() { sed -E 's/process="[0-9]+",?//; s/\{\}//' <<<"$page" | awk -v name="$1" 'substr($0, 1, length(name) + 1) == name " " { sum += $2; found = 1 } END { if (found) print sum; else exit 1 }'; }

# growth NAME: prints by how much the value is larger than in $before. A counter may be missing
# there before its first count. grown NAME N: checks that this is N or more.
growth() {
	local now then
	now=$(value "$1") || return 1
	then=$(page=$before && value "$1" || echo 0)
	echo $((now - then))
}
grown() {
	local more
	more=$(growth "$1") || return 1
	[ "$more" -ge "$2" ] || { echo "$1 has grown by $more"; return 1; }
}

@test "metrics of the api: requests by route and status, sends, round trips" {
	as alice
	group Room bob
	page "$URL"
	before=$page
	send one
	send two
	as nobody
	get /v1/me
	get /v1/nothing
	get /metrics
	expect 200
	[[ $reply_type == text/plain* ]]
	page "$URL"
	grown 'banter_api_requests_total{method="POST",route="/v1/conversations/:conversation_id/messages",class="2xx"}' 2
	grown 'banter_api_requests_total{method="GET",route="/v1/me",class="4xx"}' 1
	grown 'banter_api_requests_total{method="",route="none",class="4xx"}' 1
	for name in send_seconds send_batch_messages send_batch_seconds; do grown "banter_api_${name}_count" 1; done
	grown banter_api_send_seconds_count 2
	value banter_api_redis_drops_total
	for name in database redis; do [ "$(value "banter_api_${name}_connects_total")" -ge 1 ]; done
}

@test "metrics of the api: many readiness probes query PostgreSQL and Redis once a second" {
	local urls=() start seconds
	for n in {1..200}; do urls+=(-o /dev/null "$URL/readyz"); done
	page "$URL"
	before=$page start=$(now_ms)
	[ "$(curl -s -m 60 -w '%{http_code}\n' "${urls[@]}" | sort | uniq -c | xargs)" = "200 200" ]
	seconds=$(($(elapsed_ms "$start") / 1000 + 2))
	page "$URL"
	# A probe is three statements and one question to Redis.
	[ "$(growth banter_api_database_round_trip_seconds_count)" -le $((3 * seconds + 10)) ]
	[ "$(growth banter_api_redis_round_trip_seconds_count)" -le $((seconds + 10)) ]
}

@test "metrics of the api: the front door serves them to this machine alone" {
	# the same file, in which only 127.0.0.1 is the local machine
	sed 's|127.0.0.0/8|127.0.0.1/32|' "$ROOT/lighttpd.conf" >"$BATS_TEST_TMPDIR/front.conf"
	grep -q 127.0.0.1/32 "$BATS_TEST_TMPDIR/front.conf"
	port=$(free_port)
	PATH=$PATH:/usr/sbin BANTER_PORT=$port lighttpd -D -f "$BATS_TEST_TMPDIR/front.conf" 3>&- 4>&- &
	echo $! >"$BATS_TEST_TMPDIR/front.pid"
	disown $!
	wait_until 10 curl -sf -o /dev/null "http://127.0.0.1:$port/metrics"
	raw --interface 127.0.0.2 "http://127.0.0.1:$port/metrics"
	[ "$reply_status" = 403 ]
	raw --interface 127.0.0.2 "http://127.0.0.1:$port/healthz"
	[ "$reply_status" = 200 ]
}

@test "metrics of push: streams by transport, delivered events, and reasons of ends" {
	page "$PUSH_URL"
	before=$page
	as alice
	group Room bob
	for transport in "${TRANSPORTS[@]}"; do listen "$transport" "$transport"; done
	fence "${TRANSPORTS[@]}"
	page "$PUSH_URL"
	for transport in "${TRANSPORTS[@]}"; do [ "$(value "banter_push_streams{transport=\"$transport\"}")" -ge 1 ]; done
	grown banter_push_deliveries_total 3
	grown banter_push_events_total 1
	grown banter_push_notifications_total 1
	grown banter_push_sent_bytes_total 500
	speak ws '!close 1000'
	noted ws '.client == "closed"'
	page "$PUSH_URL"
	grown 'banter_push_closes_total{reason="normal"}' 1
	for name in queue_bytes holds_total gap_repairs_total sweep_finds_total 'sheds_total{class="typing"}' 'closes_total{reason="slow_reader"}'; do
		value "banter_push_$name"
	done
}

@test "metrics of push: round trips to PostgreSQL and Redis, and how long a send takes" {
	as alice
	group Room bob
	listen alice ws
	page "$PUSH_URL"
	before=$page
	for i in 1 2 3; do
		speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"s$i\",\"text\":\"$i\"}"
		heard alice ".type == \"message.sent\" and .client_id == \"s$i\""
	done
	page "$PUSH_URL"
	grown banter_push_sends_total 3
	grown banter_push_send_seconds_count 3
	grown banter_push_send_batch_messages_sum 3
	grown 'banter_push_send_seconds_bucket{le="+Inf"}' 3
	grown banter_push_database_round_trip_seconds_count 3
	published() { page "$PUSH_URL" && grown banter_push_redis_round_trip_seconds_count 3; }
	wait_until 5 published
}

@test "metrics of push: with several processes one page shows all of them" {
	further_push BANTER_PUSH_PROCESSES=2
	as alice
	for i in 1 2 3 4 5 6; do STREAM_URL=$further listen "s$i" ws; done
	all_counted() { page "$further" && [ "$(value 'banter_push_streams{transport="ws"}')" = 6 ]; }
	wait_until 10 all_counted
	[ "$(grep -c '^banter_push_connections{process="[0-9]*"}' <<<"$page")" = 2 ]
	stack kill "$further_part" HUP
	replaced() { page "$further" && [ "$(value 'banter_push_closes_total{reason="drain"}')" = 0 ] && [ "$(value 'banter_push_streams{transport="ws"}')" = 0 ]; }
	wait_until 20 replaced
	[ "$(grep -c '^banter_push_connections{process="[0-9]*"}' <<<"$page")" = 2 ]
}

@test "metrics: operations.md names each of them" {
	local address name missing=''
	for address in "$URL" "$PUSH_URL"; do
		page "$address"
		for name in $(sed -nE 's/^# HELP banter_(api|push)_([a-z_]+) .*/\2/p' <<<"$page"); do
			grep -qE "[…_]$name[\`{]" "$ROOT/docs/operations.md" || missing+=" $name"
		done
	done
	[ -z "$missing" ] || { echo "not in docs/operations.md:$missing"; return 1; }
}
