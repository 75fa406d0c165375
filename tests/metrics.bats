# What the programs count, in the text format of Prometheus.
# SPDX-License-Identifier: MIT

setup() {
	load helpers
	load streams
	PATH=$PATH:$ROOT/build/tools
}
teardown() { streams_end; }

# page ADDRESS: fetches the metrics there, which promtool has to find good; $page is the text.
page() {
	raw "$1/metrics"
	[ "$reply_status" = 200 ] || { echo "$1/metrics: $reply_status"; return 1; }
	page=$reply
	promtool check metrics <<<"$page" 2>&1 || { echo "$page"; return 1; }
}

# value NAME: the number behind this name and its labels, without a further label `process`; of several rows, the sum.
value() { sed -E 's/process="[0-9]+",?//; s/\{\}//' <<<"$page" | awk -v name="$1" 'substr($0, 1, length(name) + 1) == name " " { sum += $2; found = 1 } END { if (found) print sum; else exit 1 }'; }

# grown NAME N: since `before=$page` it has become larger by N at least. What has never counted may not be there yet.
grown() {
	local now then
	now=$(value "$1") || return 1
	then=$(page=$before && value "$1" || echo 0)
	[ $((now - then)) -ge "$2" ] || { echo "$1: $then, then $now"; return 1; }
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

@test "metrics of the api: the front door tells them to this machine alone" {
	# the same file, for which only 127.0.0.1 is this machine
	sed 's|127.0.0.0/8|127.0.0.1/32|' "$ROOT/lighttpd.conf" >"$BATS_TEST_TMPDIR/front.conf"
	grep -q 127.0.0.1/32 "$BATS_TEST_TMPDIR/front.conf"
	while port=$((10000 + RANDOM % 22000)) && (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
	PATH=$PATH:/usr/sbin BANTER_PORT=$port lighttpd -D -f "$BATS_TEST_TMPDIR/front.conf" 3>&- 4>&- &
	echo $! >"$BATS_TEST_TMPDIR/front.pid"
	disown $!
	wait_until 10 curl -sf -o /dev/null "http://127.0.0.1:$port/metrics"
	raw --interface 127.0.0.2 "http://127.0.0.1:$port/metrics"
	[ "$reply_status" = 403 ]
	raw --interface 127.0.0.2 "http://127.0.0.1:$port/healthz"
	[ "$reply_status" = 200 ]
}

@test "metrics of push: streams by transport, what they were given, and why they ended" {
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
	grown banter_push_doorbells_total 1
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
