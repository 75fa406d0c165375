# Streams: opening, credentials, and every event on every transport. Order is in order.bats,
# clients' frames in frames.bats, privacy in privacy.bats.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; load ../support/streams; }
teardown() { streams_end; }

SITE=https://chat.example

# ---- opening ----

@test "open: stream.ready has the stream's cursor" {
	as alice
	group Room bob
	for transport in ws sse; do
		as alice
		send "hi $transport"
		as bob
		listen "$transport" "$transport"
		heard "$transport" '.type == "stream.ready"'
		[ "$(jq -c '.data | [.resumed, .heartbeat_s, (.cursor | type), (.replayed | type)]' <<<"$event")" = "[false,$([ $transport = ws ] && echo 25 || echo 20),\"string\",\"number\"]" ]
		[ "$(jq -c 'keys' <<<"$event")" = '["_at","data","time","type"]' ]
		heard "$transport" ".data.text == \"hi $transport\""
		# ready comes first
		[ "$(events_of "$transport" | head -n 1 | jq -r .type)" = stream.ready ]
		hang_up "$transport"
		listen "$transport" "$transport"
		[ "$(events_of "$transport" | jq -c 'select(.type == "stream.ready") | [.data.resumed, .data.replayed]' | tail -n 1)" = "[true,0]" ]
	done
}

@test "open: a device without a cursor begins after what its user has received" {
	as alice
	group Room bob
	send one; one=$message
	send two
	as bob
	post /v1/receipts "{\"receipts\":[{\"conversation_id\":\"$room\",\"delivered\":\"$one\"}]}"
	as_device bob phone
	for transport in "${TRANSPORTS[@]}"; do
		listen "$transport" "$transport"
		heard "$transport" ".conversation_id == \"$room\" and .data.text == \"two\""
		[ "$(texts "$transport" "$room")" = two ]
	done
}

@test "open: the WebSocket handshake follows RFC 6455" {
	as alice
	listen plain ws --protocol ""
	heard plain '.type == "stream.ready"'
	listen several ws --protocol chat.v7,banter.v1
	noted several '.client == "open"'
	[ "$(jq -r '[.protocol, .extensions] | join("|")' <<<"$event")" = "banter.v1|" ]
	raw -H "Authorization: Bearer $token" "$PUSH_URL/v1/ws"
	expect 400 bad_request
	# A WebSocket version other than 13 gets a reply with the supported one (RFC 6455, 4.2.2).
	key='Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
	raw --http1.1 -m 5 -H "$key" -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 8' "$PUSH_URL/v1/ws"
	[ "$reply_status" = 426 ]
	curl -s -D "$BATS_TEST_TMPDIR/head" -o /dev/null --http1.1 -m 5 -H "$key" -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 8' "$PUSH_URL/v1/ws"
	grep -iq $'^Sec-WebSocket-Version: 13\r' "$BATS_TEST_TMPDIR/head"
	raw --http1.1 -m 5 -H 'Sec-WebSocket-Key: short' -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' "$PUSH_URL/v1/ws"
	[ "$reply_status" = 400 ]
	# The accept key is that of the example in the RFC.
	curl -s -i -N --http1.1 -m 1 -H "Authorization: Bearer $token" -H "$key" -H 'Connection: keep-alive, Upgrade' -H 'Upgrade: WebSocket' -H 'Sec-WebSocket-Version: 13' \
		"$PUSH_URL/v1/ws" --output - >"$BATS_TEST_TMPDIR/raw" || true
	grep -aq '^HTTP/1.1 101' "$BATS_TEST_TMPDIR/raw"
	grep -aiq '^Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=' "$BATS_TEST_TMPDIR/raw"
}

@test "open: an event stream has the form of SSE" {
	as alice
	listen alice sse
	noted alice '.client == "open"'
	[[ $(jq -r '.headers["content-type"]' <<<"$event") == text/event-stream* ]]
	[[ $(jq -r '.headers["cache-control"]' <<<"$event") == *no-store* ]]
	noted alice '.client == "retry" and .ms >= 500'
	group Room bob
	fence alice
	[ "$(notes_of alice | grep -cE '"client":"(id-differs|id-missing|event-line)"')" = 0 ]
	for name in stream events; do
		raw -X POST -H "Authorization: Bearer $token" "$PUSH_URL/v1/$name"
		expect 405 method_not_allowed
	done
	for bad in x -1 61 1.5 99999999999999999999; do
		raw -m 5 -H "Authorization: Bearer $token" "$PUSH_URL/v1/events?wait=$bad"
		expect 422 invalid_parameter
	done
	for bad in x '' 0 201 -1; do
		raw -m 5 -H "Authorization: Bearer $token" "$PUSH_URL/v1/events?wait=0&limit=$bad"
		expect 422 invalid_parameter
	done
}

@test "open: Last-Event-ID wins over since" {
	as alice
	group Room bob
	listen first ws
	send one
	heard first '.data.text == "one"'
	old=$(jq -r .cursor <<<"$event")
	send two
	heard first '.data.text == "two"'
	new=$(jq -r .cursor <<<"$event")
	send three
	# since_texts HEADER…: prints the texts that an event stream with ?since=$old delivers, up
	# to the newest.
	since_texts() {
		curl -sN -m 60 -H "Authorization: Bearer $token" "$@" "$URL/v1/stream?since=$old" >"$BATS_TEST_TMPDIR/raw" 3>&- 4>&- &
		wait_until 20 grep -q '^data: .*"three"' "$BATS_TEST_TMPDIR/raw"
		kill $!
		sed -n 's/^data: //p' "$BATS_TEST_TMPDIR/raw" | jq -r 'select(.type == "message.created") | .data.text' | paste -sd' '
	}
	[ "$(since_texts -H "Last-Event-ID: $new")" = three ]
	[ "$(since_texts)" = "two three" ]
}

@test "open: EventSource needs nothing but onmessage" {
	as alice
	group Room bob
	listen alice eventsource
	heard alice '.type == "stream.ready"'
	fence alice
	[ "$(stat -c %s "$(stream_file alice cursor)")" -gt 3 ]
}

@test "push's own port: unknown paths get 404, and healthz reports ok" {
	raw "$PUSH_URL/v1/nothing"
	expect 404 route_not_found
	raw "$PUSH_URL/../../etc/passwd" --path-as-is
	[[ $reply_status =~ ^40[04]$ ]]
	raw "$PUSH_URL/healthz"
	[ "$reply_status" = 200 ]
	raw "$PUSH_URL/metrics"
	[ "$reply_status" = 200 ]
	raw -H "X-Long: $(printf 'x%.0s' {1..20000})" "$PUSH_URL/healthz"
	[[ $reply_status =~ ^4 ]]
	exec 8<>"/dev/tcp/${PUSH_URL#http://127.0.0.1:}" 2>/dev/null || exec 8<>"/dev/tcp/127.0.0.1/${PUSH_URL##*:}"
	printf 'NONSENSE\r\n\r\n' >&8
	timeout 5 head -n 1 <&8 >"$BATS_TEST_TMPDIR/raw" || true
	exec 8>&-
	[[ $(<"$BATS_TEST_TMPDIR/raw") == "HTTP/1.1 400"* ]]
}

@test "push's own port: a client that half-closes after its request gets the whole answer" {
	further_push
	port=${further##*:} asking=()
	# push is stopped meanwhile, so that the request and the end arrive at once.
	kill -STOP "$(workers_of "$further_part")"
	for path in healthz metrics v1/nothing v1/stream; do
		printf 'GET /%s HTTP/1.1\r\nHost: x\r\n\r\n' "$path" | shut_behind "$port" >"$BATS_TEST_TMPDIR/${path##*/}" 3>&- 4>&- &
		asking+=($!)
	done
	wait_until 5 half_open "$port" 4
	kill -CONT "$(workers_of "$further_part")"
	wait "${asking[@]}"
	while read -r path status; do
		read -r _ got _ <"$BATS_TEST_TMPDIR/$path" || true
		[ "$got" = "$status" ] || { echo "$path: ${got:-nothing} instead of $status"; return 1; }
		length=$(sed -n 's/^Content-Length: //p' "$BATS_TEST_TMPDIR/$path" | tr -d '\r')
		[ "$(sed '1,/^\r$/d' "$BATS_TEST_TMPDIR/$path" | wc -c)" = "$length" ]
	done <<-TABLE
		healthz 200
		metrics 200
		nothing 404
		stream 401
	TABLE
	wait_until 5 half_open "$port" 0
}

# ---- credentials ----

@test "credentials: header, ticket, cookie and first frame open a stream" {
	as alice
	group Room bob
	for transport in "${TRANSPORTS[@]}"; do
		listen "header-$transport" "$transport"
		listen "ticket-$transport" "$transport" --ticket "$(ticket)" --once --wait 0
		listen "cookie-$transport" "$transport" --cookie "$token" --origin "$URL"
	done
	listen frame ws --auth "$token"
	heard frame '.type == "stream.ready"'
	fence header-{ws,sse,poll} ticket-{ws,sse} cookie-{ws,sse,poll} frame
	noted ticket-poll '.client == "open"'
}

@test "credentials: missing, bad and expired ones and those of a revoked device are refused" {
	as alice
	as_device alice old
	revoked=$token
	post /v1/auth/logout
	as alice
	wrong=${token%?}$([ "${token: -1}" = A ] && echo B || echo A)
	expired=$(forged $(($(date +%s) - 5)))
	token=$expired get /v1/me
	expect 401 token_expired
	gone() { token=$revoked get /v1/me && [ "$reply_status" = 401 ]; }
	wait_until 10 gone
	for transport in "${TRANSPORTS[@]}"; do
		listen "wrong-$transport" "$transport" --token "$wrong"
		turned_away "wrong-$transport" "$transport" 401 unauthenticated 4502
		listen "expired-$transport" "$transport" --token "$expired"
		turned_away "expired-$transport" "$transport" 401 token_expired 4003
		listen "revoked-$transport" "$transport" --token "$revoked"
		turned_away "revoked-$transport" "$transport" 401 device_revoked 4501
		[ "$transport" = ws ] || { listen "none-$transport" "$transport" --nobody && refused "none-$transport" 401 unauthenticated; }
	done
	listen frame ws --auth "$wrong"
	closed_with frame 4502
	[ "$(jq -r '.reason' <<<"$event")" = bad_credentials ] || [ "$(jq -r '.data.reason' <<<"$event")" = bad_credentials ]
	logged() { grep -q "event=stream_end .* transport=$transport .* reason=$1 .* address=127.0.0.1\$" "$BANTER_STATE/log/push.log"; }
	for transport in "${TRANSPORTS[@]}"; do
		wait_until 10 logged bad_credentials
		wait_until 10 logged revoked
	done
}

# unknown NAME USER DEVICE: checks that a token of this user and device, with a valid signature, is
# refused everywhere.
unknown() {
	local transport forged
	forged=$(forged $(($(date +%s) + 600)) "$2" "$3")
	token=$forged get /v1/me
	[ "$reply_status $(json .code)" = "401 device_revoked" ] || { echo "$1: $reply_status $reply"; return 1; }
	token=$forged post /v1/stream/tickets
	[ "$reply_status $(json .code)" = "401 device_revoked" ] || { echo "$1, ticket: $reply_status $reply"; return 1; }
	for transport in "${TRANSPORTS[@]}"; do
		listen "$1-$transport" "$transport" --token "$forged"
		turned_away "$1-$transport" "$transport" 401 device_revoked 4501 || return 1
	done
	listen "$1-frame" ws --auth "$forged"
	closed_with "$1-frame" 4501
}

@test "credentials: a well-signed token of an unknown device is refused" {
	as bob
	other=$device_id
	as alice
	unknown no-device "$user_id" "$((device_id + 1))"
	unknown no-user "$((user_id + 1))" "$device_id"
	unknown others-device "$user_id" "$other"
	get /v1/me
	expect 200
}

@test "credentials: the stream of a device that the database has lost ends" {
	as alice
	as_device alice lost
	later=$token
	soon=$(forged $(($(date +%s) + 60)))
	listen lost ws --token "$soon"
	listen same ws --token "$later"
	psql_banter "delete from refresh_tokens where device_id = $device_id; delete from tickets where device_id = $device_id; delete from devices where id = $device_id"
	speak lost "{\"type\":\"auth\",\"token\":\"$later\"}"
	closed_with lost 4501
	closed_with same 4501
	unknown lost "$user_id" "$device_id"
}

@test "P9: a token in a URL opens nothing" {
	as alice
	for parameter in token access_token ticket authorization banter_access jwt; do
		for path in stream events; do
			raw -m 3 "$URL/v1/$path?$parameter=$token&wait=0"
			[ "$reply_status" = 401 ] || { echo "$path?$parameter: $reply_status"; return 1; }
		done
		raw -m 3 "$URL/v1/me?$parameter=$token"
		expect 401 unauthenticated
		STREAM_URL="$URL" listen "ws-$parameter" ws --nobody --path "/v1/ws?$parameter=$token"
		# An invalid ticket is refused at once. Other parameters are no credentials, and the
		# stream is closed when the client sends anything before auth.
		[ $parameter = ticket ] || speak "ws-$parameter" '{"type":"heartbeat"}'
		noted "ws-$parameter" '.client == "closed" and .code >= 4502'
		not_heard "ws-$parameter" '.type == "stream.ready"'
	done
}

@test "P9: a ticket works once, on any transport, and expires" {
	as alice
	for transport in "${TRANSPORTS[@]}"; do
		one=$(ticket)
		[[ $one =~ ^[A-Za-z0-9_-]{43}$ ]]
		listen "once-$transport" "$transport" --ticket "$one" --once --wait 0
		noted "once-$transport" '.client == "open"'
		listen "twice-$transport" "$transport" --ticket "$one"
		turned_away "twice-$transport" "$transport" 401 unauthenticated 4502
		late=$(ticket)
		psql_banter "update tickets set expires_at = now() - interval '1 second' where user_id = $user_id"
		listen "late-$transport" "$transport" --ticket "$late"
		turned_away "late-$transport" "$transport" 401 unauthenticated 4502
	done
	# The database stores only a hash, and not longer than the ticket's life.
	[ "$(psql_banter "select count(*) from tickets where expires_at > now() + interval '31 seconds'")" = 0 ]
	# Uses one ticket twenty times at once: one request succeeds.
	one=$(ticket)
	for i in {1..20}; do curl -s -o /dev/null -m 5 -w '%{http_code}\n' "$PUSH_URL/v1/events?wait=0&ticket=$one" >"$BATS_TEST_TMPDIR/race.$i" & racers+=($!); done
	wait "${racers[@]}"
	[ "$(cat "$BATS_TEST_TMPDIR"/race.* | sort | uniq -c | awk '{ print $2 "x" $1 }' | paste -sd' ')" = "200x1 401x19" ]
	as nobody
	post /v1/stream/tickets
	expect 401 unauthenticated
}

@test "credentials: the cookie needs the Origin of this site" {
	as alice
	for transport in "${TRANSPORTS[@]}"; do
		for origin in "" "$SITE" "null" "$URL.evil.example" "http://127.0.0.1" "https://${URL#http://}x"; do
			listen "c-$transport-$RANDOM" "$transport" --cookie "$token" ${origin:+--origin "$origin"}
			if [ "$transport" = ws ]; then
				last=$(ls -t "$BATS_TEST_TMPDIR"/c-ws-*.events | head -n 1)
				name=$(basename "$last" .events)
				closed_with "$name" 4504 || { echo "origin $origin"; return 1; }
			else
				last=$(ls -t "$BATS_TEST_TMPDIR"/c-"$transport"-*.events | head -n 1)
				refused "$(basename "$last" .events)" 403 bad_origin || { echo "origin $origin"; return 1; }
			fi
		done
	done
}

@test "4003: a stream ends with its token, unless an auth frame brings a new one" {
	as alice
	start=$(now_ms)
	short=$(forged $(($(date +%s) + 12)))
	for transport in "${TRANSPORTS[@]}"; do listen "$transport" "$transport" --token "$short"; done
	listen renewed ws --token "$short"
	listen other ws --token "$short"
	speak renewed "{\"type\":\"auth\",\"token\":\"$token\"}"
	speak other "{\"type\":\"auth\",\"token\":\"$(token_of bob)\"}"
	closed_with ws 4003 25
	closed_with sse 4003 25
	noted poll '.client == "closed" or .client == "refused"' 25
	noted other '.client == "closed"' 25
	[ "$(elapsed_ms "$start")" -ge 10000 ]
	group Room bob
	fence renewed
	not_heard ws '.data.text | strings | startswith("fence")'
}

# poll_on_8: sends a poll that does not wait, on a connection that stays open as descriptor 8, and
# reads the reply. next_on_8 REQUEST: sends another one; $line is the first line of the reply.
poll_on_8() {
	local line length=0
	exec 8<>"/dev/tcp/127.0.0.1/$BANTER_PUSH_PORT"
	printf 'GET /v1/events?wait=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n' "$token" >&8
	while IFS= read -r -t 10 -u 8 line && [ "$line" != $'\r' ]; do
		case $line in Content-Length:*) length=${line//[!0-9]/} ;; esac
	done
	LC_ALL=C IFS= read -r -t 10 -N "$length" -u 8 line
}
next_on_8() {
	line=
	printf '%b' "$1" >&8
	IFS= read -r -t 10 -u 8 line || true
}

@test "long-poll: a request that follows a poll on its connection is answered as if it came alone" {
	as alice
	group Room bob
	listen alice ws
	local auth="Authorization: Bearer $token\r\n" host='Host: x\r\n' worker
	local upgrade='Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
	worker=$(workers_of push)
	while read -r status request; do
		for parked in nothing something; do
			poll_on_8
			# what comes now is kept for the next poll
			[ $parked = nothing ] || fence alice
			next_on_8 "${request/TICKET/$(ticket)}"
			exec 8>&-
			[[ $line == "HTTP/1.1 $status "* ]] || { echo "$request after a poll, with $parked: $line"; return 1; }
		done
	done <<-LIST
		200 GET /v1/events?wait=0 HTTP/1.1\r\n$host$auth\r\n
		401 GET /v1/events?wait=0 HTTP/1.1\r\n$host\r\n
		422 GET /v1/events?wait=x HTTP/1.1\r\n$host$auth\r\n
		400 BAD\r\n\r\n
		404 GET /nope HTTP/1.1\r\n$host\r\n
		405 POST /v1/events HTTP/1.1\r\n$host$auth\r\n
		405 POST /v1/events HTTP/1.1\r\n${host}Content-Length: 2\r\n$auth\r\n{}
		404 POST /nope HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n$auth\r\n
		413 GET /v1/events HTTP/1.1\r\n${host}Content-Length: 2\r\n$auth\r\n{}
		405 HEAD /v1/events HTTP/1.1\r\n$host$auth\r\n
		200 GET /healthz HTTP/1.1\r\n$host\r\n
		400 GET /v1/ws HTTP/1.1\r\n$host$auth\r\n
		101 GET /v1/ws HTTP/1.1\r\n$host$upgrade\r\n
		101 GET /v1/ws HTTP/1.1\r\n$host$upgrade$auth\r\n
		401 GET /v1/stream HTTP/1.1\r\n$host\r\n
		200 GET /v1/stream HTTP/1.1\r\n$host$auth\r\n
		200 GET /v1/stream?ticket=TICKET HTTP/1.1\r\n$host\r\n
	LIST
	[ "$(workers_of push)" = "$worker" ]
}

# answers_at_once [CURL-ARGUMENT…]: checks that a poll that may wait for 20 s gets its reply much
# earlier.
answers_at_once() {
	local start
	start=$(now_ms)
	raw -m 30 -H "Authorization: Bearer $token" "$@"
	[ "$reply_status" = 200 ] && [ "$(json '.events | length')" -gt 0 ] && [ "$(elapsed_ms "$start")" -lt 10000 ]
}

@test "long-poll: present events are answered at once, however many" {
	as alice
	group Room bob
	for backlog in "10 60000" "500 1"; do
		read -r count size <<<"$backlog"
		as bob
		get /v1/sync
		cursor=$(json .cursor)
		psql_banter "select count(*) from generate_series(1, $count) n, message_send($room, $(id_of alice), '$size-' || n, repeat('x', $size), null, null)" >/dev/null
		answers_at_once "$PUSH_URL/v1/events?wait=20&since=$cursor"
	done
	# Publishes an event together with a notification that the stream knows already. Nothing
	# else is due: the stream has received bob's own receipt.
	bob=$user_id
	quiet() {
		raw -m 30 -H "Authorization: Bearer $token" "$PUSH_URL/v1/events?wait=1&since=$cursor"
		[ "$reply_status" = 200 ] || return 1
		cursor=$(json .cursor)
		[ "$(json '.events | length')" = 0 ]
	}
	wait_until 20 quiet
	publish_both() {
		payload=$(sql_send "$(id_of alice)" hello)
		redis eval "redis.call('publish', KEYS[1], ARGV[1]) redis.call('publish', KEYS[2], ARGV[2])" 2 \
			"${BANTER_REDIS_PREFIX:-banter:}c:$room" "${BANTER_REDIS_PREFIX:-banter:}u:$bob" "$payload" "j $room" >/dev/null
	}
	answers_at_once "$PUSH_URL/v1/events?wait=20&since=$cursor" 3>&- 4>&- &
	waits() { [ "$(redis pubsub numsub "${BANTER_REDIS_PREFIX:-banter:}u:$bob" | tail -n 1)" -ge 1 ]; }
	wait_until 10 waits
	publish_both
	wait $!
}

@test "long-poll: an answer has at most limit events, and the next ones follow without a gap" {
	as alice
	group Room bob
	as bob
	get /v1/sync
	cursor=$(json .cursor)
	# Polls for missed events, for events while no request waited, and for several events of one
	# turn: on one connection, and on a new one each time.
	cat >"$BATS_TEST_TMPDIR/polls.js" <<-'JS'
		const [url, token, since, limit, kind, last] = process.argv.slice(2), http = require("http");
		const agent = new http.Agent({ keepAlive: kind === "kept", maxSockets: 1 });
		const poll = (cursor) => new Promise((done) => http.get(`${url}/v1/events?wait=10&limit=${limit}&since=${cursor}`, { agent, headers: { authorization: `Bearer ${token}` } }, (reply) => {
			let text = "";
			reply.on("data", (part) => { text += part; }).on("end", () => done(JSON.parse(text)));
		}));
		(async () => {
			for (let cursor = since, text; text !== last;) {
				const { events, cursor: next } = await poll(cursor);
				if (events.length > limit) console.log("too many:", events.length);
				for (const e of events) if (e.type === "message.created") console.log(text = e.data.text);
				cursor = next;
			}
			agent.destroy();
		})();
	JS
	for limit in 1 7; do
		for kind in kept new; do
			psql_banter "select count(*) from generate_series(1, 20) n, message_send($room, $(id_of alice), '$limit $kind ' || n, 'missed ' || n, null, null)" >/dev/null
			node "$BATS_TEST_TMPDIR/polls.js" "$PUSH_URL" "$token" "$cursor" $limit $kind last >"$BATS_TEST_TMPDIR/polled" 3>&- 4>&- &
			polling=$!
			as alice
			for n in {1..15}; do send "live $n"; done
			send last
			as bob
			wait $polling
			[ "$(paste -sd, "$BATS_TEST_TMPDIR/polled")" = "$(for n in {1..20}; do echo "missed $n"; done | paste -sd,),$(for n in {1..15}; do echo "live $n"; done | paste -sd,),last" ] || {
				cat "$BATS_TEST_TMPDIR/polled"
				return 1
			}
			get /v1/sync
			cursor=$(json .cursor)
		done
	done
}

@test "long-poll: the limit of a poll ends with it, for a stream on the same connection and for its answer without a wait" {
	as alice
	group Room bob
	as bob
	get /v1/sync
	cursor=$(json .cursor)
	as alice
	for n in {1..5}; do send "missed $n"; done
	as bob
	raw -m 5 -H "Authorization: Bearer $token" "$PUSH_URL/v1/events?wait=0&limit=2&since=$cursor"
	[ "$(json '[.events[].data.text] | join(",")')" = "missed 1,missed 2" ]
	local received=$BATS_TEST_TMPDIR/received
	curl -sv -m 20 -H "Authorization: Bearer $token" "$PUSH_URL/v1/events?wait=1&limit=2" --next -sNv -m 20 -H "Authorization: Bearer $token" "$PUSH_URL/v1/stream" \
		>"$received" 2>"$received.log" 3>&- 4>&- &
	echo $! >"$received.pid"
	has() { [ "$(grep -c "$1" "$received")" -ge "$2" ]; }
	wait_until 10 has stream.ready 1
	grep -qi 're-using existing connection' "$received.log"
	as alice
	for n in {1..5}; do
		send "live $n"
		wait_until 10 has "\"text\":\"live $n\"" 1
	done
}

@test "open: a reply to HEAD has no body, and parameter names match as a whole" {
	as alice
	poll_on_8
	next_on_8 'HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n'
	[ "$(sed '1,/^\r$/d' <&8)" = "" ]
	exec 8>&-
	raw -m 5 -H "Authorization: Bearer $token" "$PUSH_URL/v1/events?await=5&wait=0"
	[ "$reply_status" = 200 ]
	raw -m 5 -H "Authorization: Bearer $token" "$PUSH_URL/v1/events?nosince=1&wait=0"
	[ "$reply_status" = 200 ] && [ "$(json '[.events[].type] | index("stream.reset")')" = null ]
	raw -m 5 -H "Cookie: banter_access=$token" -H "Origin: $PUSH_URL" "$PUSH_URL/v1/events?xticket=1&wait=0"
	[ "$reply_status" = 200 ]
}

# ---- every event, once per transport ----

@test "every durable event arrives once on each transport, the same on all" {
	as alice
	as bob
	as carol
	for transport in "${TRANSPORTS[@]}"; do as bob; listen "$transport" "$transport"; done
	as alice
	group Events bob
	send hello
	patch "/v1/conversations/$room" '{"title":"Renamed"}'
	post "/v1/conversations/$room/members" "{\"user_ids\":[\"$(id_of carol)\"]}"
	patch "/v1/conversations/$room/members/$(id_of carol)" '{"role":"admin"}'
	delete "/v1/conversations/$room/members/$(id_of carol)"
	expect 204
	delete "/v1/conversations/$room"
	expect 204
	for transport in "${TRANSPORTS[@]}"; do
		heard "$transport" ".type == \"conversation.deleted\" and .conversation_id == \"$room\""
		in_order "$transport" "$room" 1 7
		[ "$(events_of "$transport" | jq -r "select(.conversation_id == \"$room\") | .type" | paste -sd' ')" = \
			"conversation.created message.created conversation.updated member.added member.updated member.removed conversation.deleted" ]
		# data is the object of the event
		[ "$(events_of "$transport" | jq -c "select(.conversation_id == \"$room\") | .data" | jq -sc "[.[0].role, .[0].members[0].user_id, .[1].text, .[2].title, .[2].member_count, .[3].members[0].user_id, .[4].role, .[5].user_id, .[5].removed_by, .[6].id]")" = \
			"[\"member\",\"$user_id\",\"hello\",\"Renamed\",2,\"$(id_of carol)\",\"admin\",\"$(id_of carol)\",\"$user_id\",\"$room\"]" ]
		events_of "$transport" | jq -cS "select(.conversation_id == \"$room\" and .seq > 1) | del(._at, .cursor)" >"$BATS_TEST_TMPDIR/said.$transport"
		# cursor is last, and the keys have the documented order
		[ "$(events_of "$transport" | jq -r "select(.conversation_id == \"$room\") | keys_unsorted | join(\" \")" | sort -u)" = "type conversation_id seq time data cursor _at" ]
	done
	cmp "$BATS_TEST_TMPDIR/said.ws" "$BATS_TEST_TMPDIR/said.sse"
	cmp "$BATS_TEST_TMPDIR/said.ws" "$BATS_TEST_TMPDIR/said.poll"
	[ "$(notes_of sse | grep -cE '"client":"(id-differs|id-missing|event-line)"')" = 0 ]
}

@test "the ephemeral events of receipts arrive on each transport" {
	as alice
	group Room bob
	send one; one=$message
	for transport in "${TRANSPORTS[@]}"; do listen "alice-$transport" "$transport"; done
	as bob
	for transport in "${TRANSPORTS[@]}"; do listen "bob-$transport" "$transport"; done
	# A poll receives receipts only while it waits, and a message would end it. So the messages
	# are sent first. Then bob reads one after the other until the stream has received it.
	as alice
	unread=()
	for i in {1..30}; do send "more $i"; unread+=("$message"); done
	fence bob-{ws,sse,poll} alice-{ws,sse,poll}
	as bob
	read_on() {
		post "/v1/conversations/$room/read" "{\"message_id\":\"${unread[0]}\"}"
		unread=("${unread[@]:1}")
		wait_until 2 event_there "$1-$2" "$3"
	}
	for transport in "${TRANSPORTS[@]}"; do
		wait_until 30 read_on alice "$transport" ".type == \"receipt.updated\" and .data.conversation_id == \"$room\" and .data.receipts[0].user_id == \"$user_id\"" 2>/dev/null
		wait_until 30 read_on bob "$transport" ".type == \"conversation.read\" and .data.conversation_id == \"$room\"" 2>/dev/null
		[ "$(count_heard "alice-$transport" '.type == "conversation.read" and .data.unread_count > 0')" = 0 ]
	done
}
