# Everything that takes time, with short times: presence, heartbeats, deadlines, lifetimes, rates,
# slow readers.
# SPDX-License-Identifier: MIT

load own

setup_file() {
	own_stack BANTER_PRESENCE_SECONDS=3 BANTER_TICKET_SECONDS=1 BANTER_RATE_SEND=100 BANTER_RATE_MEMBERS=300 BANTER_RATE_LOGIN=60 BANTER_ORIGINS=https://chat.example,https://b.example \
		BANTER_COOKIE_SECURE=on BANTER_REFRESH_SECONDS=60
}

beat() { post /v1/presence/heartbeat "{\"status\":\"$1\"}"; expect 204; }
watch() { put /v1/presence/watch "{\"user_ids\":[\"$1\"]}"; expect 200; }
presence_of() { echo ".type == \"presence.updated\" and .data.user_id == \"$1\""; }
told() { events_of "$1" | jq -r "select($(presence_of "$2")) | .data.status" | paste -sd' '; }
heard_at() { jq -r ._at <<<"$event"; }

# ---- presence ----

@test "presence: a device without heartbeats goes offline after BANTER_PRESENCE_SECONDS, and its watchers are notified" {
	as alice
	group Room bob
	watch "$(id_of bob)"
	listen alice ws
	as bob
	asked=$(now_ms)
	beat online
	beaten=$(now_ms)
	heard alice "$(presence_of "$user_id") and .data.status == \"online\""
	heard alice "$(presence_of "$user_id") and .data.status == \"offline\"" 12
	at=$(heard_at)
	# 3 s, a look each second, and more for a machine that is busy with tests.
	[ $((at - asked)) -ge 2500 ] && [ $((at - beaten)) -lt 8000 ] || { echo "offline after $((at - asked)), $((at - beaten)) ms"; return 1; }
	[ "$(jq -r '.data | has("last_seen")' <<<"$event")" = true ]
	[ "$(told alice "$user_id")" = "online offline" ]
	as alice
	get "/v1/presence?user_ids=$(id_of bob)"
	[ "$(json '.presence[0].status')" = offline ]
	seen() { get "/v1/users/$(id_of bob)" && [ "$(json 'has("last_seen")')" = true ]; }
	wait_until 5 seen
}

@test "presence: the best of three devices counts, and a reconnect in time notifies nobody" {
	as alice
	group Room carol
	watch "$(id_of carol)"
	listen alice ws
	as carol
	listen one ws
	as_device carol two
	listen two sse
	as_device carol three
	listen three poll
	as alice
	heard alice "$(presence_of "$(id_of carol)") and .data.status == \"online\""
	# Longer than the time to live: the server beats for the streams that it holds.
	began=$(now_ms)
	past() { [ "$(elapsed_ms "$began")" -ge "$1" ]; }
	wait_until 8 past 4500
	hang_up two
	hang_up three
	as carol
	for turn in 1 2 3; do
		hang_up one
		listen one ws
	done
	wait_until 8 past 6500
	fence alice
	[ "$(told alice "$(id_of carol)")" = online ]
	hang_up one
	cut=$(now_ms)
	as alice
	heard alice "$(presence_of "$(id_of carol)") and .data.status == \"offline\"" 12
	late=$(($(heard_at) - cut))
	[ $late -lt 8000 ]
	[ "$(told alice "$(id_of carol)")" = "online offline" ]
}

@test "presence: three watchers on three transports and two processes receive each change once" {
	as alice
	group Room bob carol dora watched
	further_push
	for who in alice bob carol; do
		as $who
		watch "$(id_of watched)"
	done
	as alice; listen alice ws
	as bob; STREAM_URL=$further listen bob sse
	as carol; listen carol poll
	as watched
	beat online
	for who in alice bob; do heard $who "$(presence_of "$user_id") and .data.status == \"online\""; done
	for who in alice bob; do heard $who "$(presence_of "$user_id") and .data.status == \"offline\"" 12; done
	for who in alice bob; do [ "$(told $who "$user_id")" = "online offline" ]; done
	# A poll receives the changes during its wait, and each once.
	wait_until 5 event_there carol "$(presence_of "$user_id")"
	[[ "$(told carol "$user_id")" =~ ^(online\ offline|online|offline)$ ]]
	as dora
	get "/v1/presence?user_ids=$(id_of watched)"
	[ "$(json '.presence[0].status')" = offline ]
}

@test "presence: users of a killed push process are reported offline by another process" {
	as alice
	group Room held
	watch "$(id_of held)"
	listen alice ws
	further_push
	as held
	STREAM_URL=$further listen held ws
	heard alice "$(presence_of "$user_id") and .data.status == \"online\""
	stack kill "$further_part"
	heard alice "$(presence_of "$user_id") and .data.status == \"offline\"" 12
}

# ---- credentials that run out ----

@test "P9: a ticket is refused after it has expired" {
	as alice
	old=$(ticket)
	get_ticket() { post /v1/stream/tickets && json .expires_in; }
	[ "$(get_ticket)" = 1 ]
	expired() { [ "$(psql_banter "select count(*) from tickets where user_id = $user_id and expires_at > now()")" = 0 ]; }
	wait_until 10 expired
	listen late sse --ticket "$old"
	noted late '.client == "refused" and .status == 401'
}

@test "cookies: a listed origin opens streams and gets CORS headers, and the cookie is Secure" {
	as alice
	for transport in "${TRANSPORTS[@]}"; do
		listen "a-$transport" "$transport" --cookie "$token" --origin https://chat.example
		listen "b-$transport" "$transport" --cookie "$token" --origin https://b.example
	done
	group Room bob
	fence {a,b}-{ws,sse,poll}
	listen evil sse --cookie "$token" --origin https://chat.example.evil
	noted evil '.client == "refused" and .status == 403 and .body.code == "bad_origin"'
	header 'Origin: https://chat.example'
	get /v1/me
	[ "$(header_of Access-Control-Allow-Origin)" = https://chat.example ]
	[[ $(header_of Vary) == *Origin* ]]
	token_kept=$token token=''
	header 'Origin: https://chat.example'
	header 'Access-Control-Request-Method: PATCH'
	header 'Access-Control-Request-Headers: authorization, content-type'
	call OPTIONS /v1/me
	[[ $reply_status =~ ^20[04]$ ]]
	[[ $(header_of Access-Control-Allow-Methods) == *PATCH* && $(header_of Access-Control-Allow-Headers | tr '[:upper:]' '[:lower:]') == *authorization* ]]
	token=$token_kept
	as nobody
	post /v1/auth/login "{\"name\":\"$(name_of alice)\",\"password\":\"$PASSWORD\",\"cookie\":true}"
	[[ $(header_of Set-Cookie) == *Secure* ]]
}

@test "4003 and 4004: heartbeats do not extend a stream, and an auth frame extends the token but not the lifetime" {
	further_push BANTER_PUSH_PING_SECONDS=10 BANTER_PUSH_COMMENT_SECONDS=10
	export STREAM_URL=$further
	as zoe # no presence and no message of others answers her poll
	group Room bob
	ends=$(now_ms)
	short=$(forged $(($(date +%s) + 12)))
	for transport in ws sse; do listen "$transport" "$transport" --token "$short"; done
	# Polls with a fresh token, on the connection of the old one, are not answered by the end of
	# the old one. Her other devices' receipts may answer them.
	node -e '
		const [url, ...tokens] = process.argv.slice(1), http = require("http"), agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
		const poll = (token, wait, since) => new Promise((done) => http.get(`${url}/v1/events?wait=${wait}${since ? "&since=" + since : ""}`, { agent, headers: { authorization: `Bearer ${token}` } }, (reply) => {
			let text = "";
			reply.on("data", (part) => { text += part; }).on("end", () => done([JSON.parse(text), reply.req.reusedSocket]));
		}));
		(async () => {
			const [first] = await poll(tokens[0], 0), end = Date.now() + 15000;
			const types = new Set();
			let since = first.cursor, reused = true;
			while (reused && Date.now() < end) {
				const wait = Math.ceil((end - Date.now()) / 1000), begun = Date.now();
				const [reply, isReused] = await poll(tokens[1], wait, since);
				for (const e of reply.events) types.add(e.type);
				if (!reply.events.length && Date.now() - begun < (wait - 1) * 1000) types.add("nothing, too early");
				[since, reused] = [reply.cursor, isReused];
			}
			types.delete("receipt.updated");
			console.log(reused, [...types].join());
			agent.destroy();
		})();
	' "$further" "$(forged $(($(date +%s) + 8)))" "$token" >"$BATS_TEST_TMPDIR/polled" 3>&- 4>&- &
	polling=$!
	for transport in ws sse; do
		closed_with "$transport" 4003 25
		took=$(($(jq -r ._at <<<"$event") - ends))
		[ $took -ge 10000 ] && [ $took -lt 18000 ] || { echo "$transport ended after $took ms"; return 1; }
	done
	wait $polling
	[ "$(<"$BATS_TEST_TMPDIR/polled")" = "true " ] || { cat "$BATS_TEST_TMPDIR/polled"; return 1; }

	further_push BANTER_PUSH_LIFETIME_SECONDS=10
	export STREAM_URL=$further
	listen alice ws
	begun=$(now_ms)
	renewed() { speak alice "{\"type\":\"auth\",\"token\":\"$token\"}" || true; note_there alice '.client == "closed"'; }
	wait_until 30 renewed
	closed_with alice 4004
	took=$(elapsed_ms "$begun")
	[ "$took" -ge 5000 ] && [ "$took" -lt 20000 ]
}

# ---- signs of life and deadlines ----

@test "heartbeats: a WebSocket gets pings, an event stream gets comments" {
	further_push BANTER_PUSH_PING_SECONDS=1 BANTER_PUSH_PONG_SECONDS=3 BANTER_PUSH_COMMENT_SECONDS=1
	as alice
	STREAM_URL=$further listen ws ws
	STREAM_URL=$further listen sse sse
	heard ws '.data.heartbeat_s == 1'
	noted ws '.client == "ping"' 4
	noted sse '.client == "comment"' 4
	several() { [ "$(notes_of ws | grep -c '"ping"')" -ge 3 ] && [ "$(notes_of sse | grep -c '"comment"')" -ge 3 ]; }
	wait_until 6 several
	# A stream without pongs is closed; the one that answers stays.
	STREAM_URL=$further listen frozen ws
	kill -STOP "$(<"$(stream_file frozen pid)")"
	given_up() { grep -q 'reason=idle code=4006' "$BANTER_STATE/log/$further_part.log"; }
	wait_until 15 given_up
	kill -CONT "$(<"$(stream_file frozen pid)")"
	closed_with frozen 4006
	[ "$(notes_of ws | grep -c '"closed"')" = 0 ]
}

@test "deadlines: a connection without auth, half a request and a slow handshake are closed in time" {
	further_push BANTER_PUSH_HANDSHAKE_SECONDS=1
	# The limits below are those of the default, 10 s: the setting is what ended them.
	start=$(now_ms)
	STREAM_URL=$further listen silent ws --nobody
	closed_with silent 4505
	[ "$(elapsed_ms "$start")" -lt 9000 ]
	port=${further##*:}
	for what in '' 'GET /v1/stream HTTP/1.1\r\nHost: x\r\n'; do
		exec 8<>"/dev/tcp/127.0.0.1/$port"
		printf "$what" >&8
		timeout 9 cat <&8 >"$BATS_TEST_TMPDIR/raw" || { echo "not ended within 9 s: '$what'"; return 1; }
		exec 8>&-
	done
	# Each byte is no new lease.
	exec 8<>"/dev/tcp/127.0.0.1/$port"
	(for i in {1..150}; do printf 'x' >&8 || exit; sleep 0.1; done) 2>/dev/null 3>&- &
	status=0
	timeout 9 cat <&8 >"$BATS_TEST_TMPDIR/raw" || status=$?
	exec 8>&-
	[ $status != 124 ]
	# The rest does not notice.
	[ "$(curl -s -o /dev/null -w '%{http_code}' "$further/healthz")" = 200 ]
}

@test "lifetime: a stream ends with 4004, and EventSource reconnects by itself" {
	further_push BANTER_PUSH_LIFETIME_SECONDS=10
	as alice
	group Room bob
	start=$(now_ms)
	STREAM_URL=$further listen ws ws
	STREAM_URL=$further listen source eventsource --cookie "$token" --origin https://chat.example --reconnect
	fence source
	closed_with ws 4004 15
	[ "$(elapsed_ms "$start")" -ge 7000 ]
	heard source '.type == "stream.bye" and .data.code == 4004 and .data.retry_after_ms >= 0' 15
	as bob
	send "between the streams"
	returned() { [ "$(count_heard source '.type == "stream.ready" and .data.resumed')" -ge 1 ]; }
	wait_until 20 returned
	fence source
	in_order source "$room" 1 4
}

@test "poll: the answer is empty after the wait, and comes at once with an event" {
	as alice
	group Room bob
	get /v1/sync
	cursor=$(json .cursor)
	empty_answer() { # late events of the group and presence would be an answer too
		start=$(now_ms)
		get "/v1/events?since=$cursor&wait=1"
		expect 200 || return 1
		took=$(elapsed_ms "$start") cursor=$(json .cursor)
		[ "$(json '.events | length')" = 0 ]
	}
	wait_until 20 empty_answer
	[ "$took" -ge 900 ]
	send x
	start=$(now_ms)
	get "/v1/events?since=$cursor&wait=20"
	[ "$(elapsed_ms "$start")" -lt 10000 ] # it has not waited
	[ "$(json '.events | map(.data.text) | join(" ")')" = x ]
}

# ---- limits ----

@test "a user with too many streams: the oldest one is closed" {
	further_push BANTER_PUSH_STREAMS_PER_USER=2
	as alice
	STREAM_URL=$further listen one ws
	STREAM_URL=$further listen two sse
	STREAM_URL=$further listen three ws
	closed_with one 4007
	as bob
	STREAM_URL=$further listen other ws
	as alice
	group Room bob
	fence two three other
}

@test "a process that is full refuses further streams with an error" {
	further_push BANTER_PUSH_STREAMS=2
	as alice
	STREAM_URL=$further listen one ws
	STREAM_URL=$further listen two sse
	as bob
	STREAM_URL=$further listen ws ws
	noted ws '.client == "closed"'
	not_heard ws '.type == "stream.ready"'
	[ "$(curl -s -m 5 -o "$BATS_TEST_TMPDIR/raw" -D "$BATS_TEST_TMPDIR/raw.headers" -w '%{http_code}' -H "Authorization: Bearer $token" "$further/v1/events?wait=0")" = 429 ]
	[ "$(jq -r .code "$BATS_TEST_TMPDIR/raw")" = too_busy ]
	grep -qi '^retry-after: [0-9]' "$BATS_TEST_TMPDIR/raw.headers"
	as alice
	group Room bob
	fence one two
	hang_up two
	as bob
	free() { hang_up ws; listen ws ws >/dev/null 2>&1 && event_there ws '.type == "stream.ready"'; }
	STREAM_URL=$further wait_until 5 free
}

@test "P8: a slow reader is closed with 4002 and resumes without loss; other readers stay open" {
	# alice floods
	further_push BANTER_PUSH_QUEUE_BYTES=131072 BANTER_PUSH_UNSENT_BYTES=131072 BANTER_RATE_SEND=0 BANTER_PUSH_INPUT_BYTES=1073741824
	as alice
	group Room bob
	as bob
	for name in slow quick; do STREAM_URL=$further listen $name ws; done
	as alice
	STREAM_URL=$further listen alice ws
	fence slow quick
	speak slow '!pause'
	# 1.5 MB are more than both limits and the buffer of the peer together, and less than the
	# kernel takes for a socket by itself.
	bulk_send 1
	closed_in_log() { grep -q 'reason=slow_reader code=4002' "$BANTER_STATE/log/$further_part.log"; }
	wait_until 20 closed_in_log
	bulk_send 2
	speak slow '!resume'
	noted slow '.client == "closed"' 20
	[ "$(bulk slow)" -lt 25 ]
	[ "$(notes_of quick | grep -c '"closed"')" = 0 ]
	as bob
	STREAM_URL=$further listen slow ws
	all_heard() { [ "$(bulk slow)" -ge 50 ]; }
	wait_until 40 all_heard
	as alice
	fence slow quick
	for name in slow quick; do in_order $name "$room" 1 53; done
}
# bulk_send BATCH: sends 25 messages of 60 kB, and waits until the quick one has received them.
bulk_send() {
	local n text
	text=$(printf ' x%.0s' {1..30000})
	for n in {1..25}; do
		speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"bulk-$1-$n\",\"text\":\"$text\"}"
	done
	bulk_heard() { [ "$(bulk quick)" -ge $(($1 * 25)) ]; }
	wait_until 20 bulk_heard "$1"
}
bulk() { grep -c '"client_id":"bulk-' "$BATS_TEST_TMPDIR/$1.events"; }

@test "rates: sends beyond the limit get 429 with Retry-After, and none of them is stored" {
	as sprinter
	group Room bob
	start=$(now_ms)
	seq 1 160 | xargs -P 8 -I{} curl -s -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
		-d '{"client_id":"r{}","text":"x"}' "$URL/v1/conversations/$room/messages" | sort | uniq -c | awk '{ print $2, $1 }' >"$BATS_TEST_TMPDIR/codes"
	taken=$(awk '$1 == 201 { print $2 }' "$BATS_TEST_TMPDIR/codes")
	# A hundred at once, and those that the rate allows meanwhile.
	[ "$taken" -ge 95 ] && [ "$taken" -le $((105 + $(elapsed_ms "$start") * 100 / 60000)) ] || { cat "$BATS_TEST_TMPDIR/codes"; return 1; }
	[ "$(awk '{ print $1 }' "$BATS_TEST_TMPDIR/codes" | paste -sd' ')" = "201 429" ]
	post "/v1/conversations/$room/messages" '{"client_id":"more","text":"x"}'
	if [ "$reply_status" = 429 ]; then
		expect 429 rate_limited
		[[ $(header_of Retry-After) =~ ^[1-9][0-9]*$ ]]
		[ "$(header_of RateLimit-Limit)" = 100 ]
		[ "$(header_of RateLimit-Remaining)" = 0 ]
		[[ $(header_of RateLimit-Reset) =~ ^[0-9]+$ ]]
	else
		expect 201 # the rate allows one more after a second
		taken=$((taken + 1))
	fi
	get "/v1/conversations/$room" # reads are counted apart
	expect 200
	[ "$(json .message_count)" = "$taken" ]
	as bob
	send "others are not held up"
}

@test "rates: the members that a user adds are counted, not only the requests" {
	as alice
	crowd=$(jq -nc '[range(1; 201) | tostring]')
	post /v1/conversations "{\"kind\":\"group\",\"title\":\"Crowd\",\"members\":$crowd}"
	expect 404 user_not_found
	post /v1/conversations "{\"kind\":\"group\",\"title\":\"Crowd\",\"members\":$crowd}"
	expect 429 rate_limited
	[ "$(header_of Retry-After)" -ge 1 ]
	group Few
	post "/v1/conversations/$room/members" "{\"user_ids\":$crowd}"
	expect 429 rate_limited
}

# The last of this file: it uses up what this address may.
@test "rates: sign-ups and logins beyond the limit get 429 for this address" {
	as nobody
	seq 1 80 | xargs -P 4 -I{} curl -s -o /dev/null -w '%{http_code}\n' -H 'Content-Type: application/json' -d '{"name":"nobody.at.all","password":"x"}' "$URL/v1/auth/login" | sort | uniq -c >"$BATS_TEST_TMPDIR/codes"
	grep -q ' 429' "$BATS_TEST_TMPDIR/codes"
	post /v1/auth/login '{"name":"nobody.at.all","password":"x"}'
	[ "$reply_status" = 401 ] || expect 429 rate_limited
	# The proxies of the setting report the origin of a request, not the client itself.
	BANTER_PUSH_PROXIES=192.0.2.1 stack restart lighttpd 3>&- 4>&-
	for i in {1..12}; do
		curl -s -o /dev/null -D - -H "X-Forwarded-For: 10.0.0.$i" -H 'Content-Type: application/json' -d '{"name":"nobody.at.all","password":"x"}' "$URL/v1/auth/login" |
			tr -d '\r' | sed -n 's/^RateLimit-Remaining: //Ip'
	done >"$BATS_TEST_TMPDIR/remaining"
	stack restart lighttpd 3>&- 4>&-
	[ "$(wc -l <"$BATS_TEST_TMPDIR/remaining")" = 12 ]
	# an address that was believed would have all 60 before it
	[ "$(sort -n "$BATS_TEST_TMPDIR/remaining" | tail -n 1)" -lt 50 ]
}
