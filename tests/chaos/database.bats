# PostgreSQL answers, but not as it should: read-only, without its schema, stuck, with other
# defaults.
# Both programs say so and recover by themselves.
# SPDX-License-Identifier: MIT

load own

setup_file() { own_stack BANTER_PUSH_ANSWER_MS=1500; }
teardown() {
	streams_end
	admin "alter database banter reset default_transaction_read_only"
	admin "alter role banter reset synchronous_commit" "alter role banter reset default_transaction_isolation"
	admin "alter schema if_renamed rename to banter" 2>/dev/null || true
	# The triggers of a test that failed would fail the next ones.
	admin "drop function if exists public.break() cascade" "drop function if exists public.see() cascade" "drop table if exists public.seen" 2>/dev/null
}

# cut_sessions PATTERN: ends the sessions with an application name like this.
cut_sessions() { admin "select pg_terminate_backend(pid) from pg_stat_activity where application_name like '$1'" >/dev/null; }

# health_received NAME STATE [PART]: checks the last state of the database, or of redis, that the
# stream has received.
health_received() { [ "$(events_of "$1" | jq -r --arg part "${3-database}" 'select(.type == "stream.health") | .data[$part]' | tail -n 1)" = "$2" ]; }
readyz_is() { get /readyz && [ "$reply_status" = "$1" ]; }
# A ticket is taken by a statement that writes, so it shows that push can do all again.
opens_with_ticket() { listen late ws --ticket "$(ticket)" && heard late '.type == "stream.ready"' 1; }

# recovers NAME: checks that the stream gets stream.health, tickets open streams, and messages
# arrive.
recovers() {
	wait_until 20 readyz_is 200
	wait_until 20 health_received "$1" ok
	opens_with_ticket
	send "again"
	heard "$1" '.data.text == "again"'
	[ "$(notes_of "$1" | grep -c '"closed"')" = 0 ]
}

# asked_ready: prints the status of /readyz and the worker that answered. The worker stands before
# the last dash of the request's id.
asked_ready() { curl -s -m 10 -D "$BATS_TEST_TMPDIR/headers" -o "$BATS_TEST_TMPDIR/ready" "$URL/readyz"; echo "$(jq -r .checks.database <"$BATS_TEST_TMPDIR/ready") $(sed -n 's/^x-request-id: *\(.*\)-[^-]*$/\1/Ip' "$BATS_TEST_TMPDIR/headers")"; }

@test "readyz: trouble that one worker has met is reported by all workers" {
	local n asked=$BATS_TEST_TMPDIR/asked
	BANTER_API_WORKERS=3 stack restart api 3>&- 4>&-
	as alice
	group Room bob
	admin "alter table banter.mentions rename to mentions_away"
	post "/v1/conversations/$room/messages" "{\"client_id\":\"m\",\"text\":\"@$(name_of bob)\"}"
	admin "alter table banter.mentions_away rename to mentions"
	expect 503 unavailable
	is_told() { [[ $(asked_ready) == failed* ]]; }
	wait_until 10 is_told
	for n in {1..60}; do asked_ready; done >"$asked"
	[ "$(cut -d ' ' -f 2 "$asked" | sort -u | wc -l)" -gt 1 ] || skip "one worker has answered all"
	# the trouble ends once, for all of them
	[ "$(cut -d ' ' -f 1 "$asked" | uniq | tr '\n' ' ' | sed 's/ok $//')" = "failed " ] || { cat "$asked"; return 1; }
	stack restart api 3>&- 4>&-
}

# api_waits MS: restarts the api with another BANTER_API_WAIT_MS.
api_waits() { BANTER_API_WAIT_MS=$1 stack restart api 3>&- 4>&-; }

@test "a send is answered in time while the connection to the database is being made" {
	api_waits 1000
	as alice
	group Room bob
	send "before"
	cut_sessions banter-api
	stack kill postgres STOP
	sent=$(now_ms)
	post "/v1/conversations/$room/messages" '{"client_id":"connecting","text":"x"}'
	took=$(elapsed_ms "$sent")
	stack kill postgres CONT
	expect 503 unavailable
	[ "$took" -lt 4000 ] || { echo "answered after $took ms"; return 1; }
	api_waits 5000
	send "after"
}

@test "a slow database: connections are made though each takes longer than a request may wait" {
	as alice
	admin "alter system set pre_auth_delay = 1" "select pg_reload_conf()" >/dev/null
	api_waits 500
	reads() { get /v1/me && [ "$reply_status" = 200 ]; }
	wait_until 30 reads || { admin "alter system reset pre_auth_delay" "select pg_reload_conf()"; return 1; }
	admin "alter system reset pre_auth_delay" "select pg_reload_conf()" >/dev/null
	api_waits 5000
}

@test "a silent database: api workers that connect to it are not replaced as hung" {
	local before
	BANTER_API_WAIT_MS=500 BANTER_HANG_SECONDS=2 stack restart api 3>&- 4>&-
	tries() { grep -c 'event=database_unreachable ' "$BANTER_STATE/log/api.log" || true; }
	hung() { grep -c 'event=worker_hung ' "$BANTER_STATE/log/api.log" || true; }
	before=$(hung) tried=$(tries)
	stack kill postgres STOP
	tried_again() { [ "$(tries)" -ge $((tried + 2)) ]; }
	wait_until 30 tried_again || { stack kill postgres CONT; return 1; }
	stack kill postgres CONT
	[ "$(hung)" = "$before" ]
	api_waits 5000
}

@test "readyz: a probe that hangs counts as failed, also for concurrent requests" {
	api_waits 20000
	readyz_is 200
	stack kill postgres STOP
	asked=$(now_ms)
	wait_until 10 readyz_is 503 || { stack kill postgres CONT; return 1; }
	took=$(elapsed_ms "$asked")
	stack kill postgres CONT
	[ "$(json '"\(.checks.database) \(.checks.redis)"')" = "failed ok" ]
	wait_until 20 readyz_is 200
	api_waits 5000
	[ "$took" -lt 9000 ] || { echo "told after $took ms"; return 1; }
}

@test "readyz: a part whose probe takes too long counts as failed" {
	BANTER_REDIS_TIMEOUT_MS=30000 stack restart api 3>&- 4>&-
	readyz_is 200
	stack kill redis STOP
	asked=$(now_ms)
	# A request that probes Redis stops waiting after a second.
	redis_failed() { [ "$(curl -s -m 1 "$URL/readyz" | jq -r .checks.redis)" = failed ]; }
	wait_until 20 redis_failed || { stack kill redis CONT; return 1; }
	took=$(elapsed_ms "$asked")
	stack kill redis CONT
	stack restart api 3>&- 4>&-
	[ "$took" -lt 12000 ] || { echo "told after $took ms"; return 1; }
}

@test "a read-only database: both programs report it and recover by themselves" {
	as alice
	group Room bob
	listen alice ws
	admin "alter database banter set default_transaction_read_only = on"
	cut_sessions 'banter-%'
	wait_until 15 health_received alice degraded
	wait_until 10 readyz_is 503
	admin "alter database banter reset default_transaction_read_only"
	recovers alice
}

@test "a missing schema: both programs report it and recover by themselves" {
	as alice
	group Room bob
	listen alice ws
	admin "alter schema banter rename to if_renamed"
	cut_sessions 'banter-%'
	wait_until 15 health_received alice degraded
	wait_until 10 readyz_is 503
	admin "alter schema if_renamed rename to banter"
	recovers alice
	grep -q 'program=push .*event=statement_failed .*sqlstate=42883 ' "$BANTER_STATE/log/push.log"
}

# stop_backend NAME: stops the backend of this session. $backend is its process id.
stop_backend() {
	backend=$(admin "select pid from pg_stat_activity where application_name = '$1'" | head -n 1)
	kill -STOP "$backend"
}

@test "a stuck backend delays new streams for BANTER_PUSH_ANSWER_MS at most" {
	as alice
	group Room bob
	listen alice ws
	stop_backend banter-push-read
	opens() { listen late ws 2>/dev/null && heard late '.type == "stream.ready"' 1; }
	wait_until 30 opens || { kill -CONT "$backend"; return 1; }
	grep 'event=database_late ' "$BANTER_STATE/log/push.log" | grep -q 'lane=banter-push-read '
	kill -CONT "$backend"
	send "again"
	heard alice '.data.text == "again"'
	[ "$(notes_of alice | grep -c '"closed"')" = 0 ]
}

@test "P6: a revocation ends streams while the connection for reads is stuck" {
	as alice
	further_push BANTER_PUSH_ANSWER_MS=60000 BANTER_REDIS_URL=redis://127.0.0.1:1
	as_device alice second
	STREAM_URL=$further listen second sse
	backend=''
	for pid in $(admin "select pid from pg_stat_activity where application_name in ('banter-push-read', 'banter-push-write')"); do
		kill -STOP "$pid"
		backend="$backend $pid"
	done
	admin "set search_path = banter; update devices set revoked_at = clock_timestamp() where id = $device_id"
	closed_with second 4501 10 || { kill -CONT $backend; return 1; }
	kill -CONT $backend
}

@test "P1: defaults of the database role are overridden: commits stay synchronous, read committed" {
	admin "alter role banter set synchronous_commit = off" "alter role banter set default_transaction_isolation = serializable"
	admin "create table public.seen (program text, sync text, isolation text)" "grant insert on public.seen to public" \
		"create function public.see() returns trigger language plpgsql as 'begin insert into public.seen values (current_setting(''application_name''), current_setting(''synchronous_commit''), current_setting(''transaction_isolation'')); return null; end'" \
		"create trigger see after insert on banter.messages for each statement execute function public.see()"
	cut_sessions 'banter-%'
	as alice
	wait_until 20 readyz_is 200
	group Room bob
	sent() { post "/v1/conversations/$room/messages" '{"client_id":"one","text":"one"}' && [[ $reply_status =~ ^20 ]]; }
	wait_until 20 sent
	listen alice ws
	speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"up\",\"text\":\"x\"}"
	heard alice '.type == "message.sent" and .client_id == "up"' 15
	seen=$(admin "select distinct program, sync, isolation from public.seen order by 1")
	admin "drop trigger see on banter.messages" "drop function public.see()" "drop table public.seen"
	[ "$seen" = "banter-api|on|read committed
banter-push-send|on|read committed" ] || { echo "$seen"; return 1; }
}

# meets_and_tells: checks that a send fails and /readyz says so. Its answer may be a second old.
meets_and_tells() { post "/v1/conversations/$room/messages" "{\"client_id\":\"$state-1\",\"text\":\"x\"}" && readyz_is 503; }

@test "disk full, a missing file or right, an internal error: 503, a log line with the SQLSTATE, and /readyz reports it" {
	as alice
	group Room bob
	listen alice ws
	for state in 42501 53100 58P01 XX000; do
		admin "create function public.break() returns trigger language plpgsql as 'begin raise exception ''broken on purpose'' using errcode = ''$state''; end'" \
			"create trigger break before insert on banter.messages for each row execute function public.break()"
		before=$(grep -c "event=statement_failed statement=messages_send sqlstate=$state " "$BANTER_STATE/log/api.log") || true
		for i in 1 2 3 4 5 6; do
			post "/v1/conversations/$room/messages" "{\"client_id\":\"$state-$i\",\"text\":\"x\"}"
			expect 503 unavailable
		done
		lines=$(grep -c "event=statement_failed statement=messages_send sqlstate=$state " "$BANTER_STATE/log/api.log")
		[ "$lines" -gt "$before" ]
		wait_until 10 meets_and_tells
		speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"up-$state\",\"text\":\"x\"}"
		heard alice ".client_id == \"up-$state\" and .code == \"unavailable\"" 15
		grep -q "event=statement_failed statement=messages_send sqlstate=$state " "$BANTER_STATE/log/push.log"
		health_received alice degraded || heard alice '.type == "stream.health" and .data.database == "degraded"'
		admin "drop trigger break on banter.messages" "drop function public.break()"
		post "/v1/conversations/$room/messages" "{\"client_id\":\"$state-1\",\"text\":\"x\"}"
		expect 201
		wait_until 10 readyz_is 200
	done
	wait_until 15 health_received alice ok
}

# preloaded_push [SETTING=VALUE…]: starts a push with preload.c at $further. Its log is
# $preloaded_log.
preloaded_push() {
	local port library=$BANTER_STATE/opt/preload.so sanitizer user=()
	cc -shared -fPIC -o "$library" "$BATS_TEST_DIRNAME/preload.c" -ldl
	chmod 755 "$library"
	# The sanitizer's library has to come first.
	sanitizer=$(ldd "$BANTER_STATE/opt/bin/banter-push" | awk '/libasan/ { print $3 }')
	[ "$(id -u)" != 0 ] || user=(setpriv "--reuid=$BANTER_USER" "--regid=$BANTER_USER" --init-groups)
	port=$(free_port)
	further=http://127.0.0.1:$port preloaded_log=$BATS_TEST_TMPDIR/push.log
	"${user[@]}" env BANTER_PUSH_PORT="$port" LD_PRELOAD="$sanitizer $library" "$@" "$BANTER_STATE/opt/bin/banter-push" >"$preloaded_log" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_TEST_TMPDIR/preloaded.pid"
	wait_until 60 grep -q 'event=started ' "$preloaded_log" || { cat "$preloaded_log"; return 1; }
	! grep 'cannot be preloaded' "$preloaded_log"
}
preloaded_end() {
	local pid
	pid=$(<"$BATS_TEST_TMPDIR/preloaded.pid")
	kill -TERM "$pid"
	ended() { ! kill -0 "$pid" 2>/dev/null; }
	wait_until 20 ended
	! grep -E 'Sanitizer|runtime error|Assertion' "$preloaded_log"
}

# tcp_door PORT SOCKET: makes a socket of the state folder reachable by TCP, through a process that
# can be killed.
tcp_door() {
	node -e 'require("net").createServer((c) => { const d = require("net").connect(process.argv[2]); c.pipe(d).pipe(c); for (const s of [c, d]) s.on("error", () => { c.destroy(); d.destroy(); }); }).listen(process.argv[1], "127.0.0.1")' \
		"$1" "$BANTER_STATE/socket/$2" >/dev/null 2>&1 3>&- 4>&- &
	door=$!
	door_open() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
	wait_until 10 door_open "$1"
}

# silence_stops_nothing PORT SOCKET PART SETTING: starts a push that reaches this part by a host's
# name, cuts the connection while the resolver is silent, and lets the resolver answer again.
silence_stops_nothing() {
	local port=$1 silent=$BANTER_STATE/opt/silent
	tcp_door "$port" "$2"
	preloaded_push PRELOAD_SILENT="$silent" "$4"
	as alice
	group Room bob
	STREAM_URL=$further listen alice ws
	touch "$silent"
	kill -KILL "$door"
	wait_until 20 health_received alice degraded "$3"
	for i in {1..20}; do
		[ "$(curl -s -m 2 -o /dev/null -w '%{http_code}' "$further/healthz")" = 200 ]
		speak alice '{"type":"heartbeat"}'
	done
	rm "$silent"
	tcp_door "$port" "$2"
	wait_until 30 health_received alice ok "$3"
	send "found"
	heard alice '.data.text == "found"'
	[ "$(notes_of alice | grep -c '"closed"')" = 0 ]
	hang_up alice
	preloaded_end
	kill -KILL "$door"
}

@test "a silent resolver of the database's name: push answers, streams stay, and it recovers with the resolver" {
	port=$(free_port)
	silence_stops_nothing "$port" .s.PGSQL.5432 database BANTER_DATABASE_URL="postgresql://banter@db.example:$port/banter"
}

@test "a silent resolver of Redis's name: push answers, streams stay, and it recovers with the resolver" {
	port=$(free_port)
	silence_stops_nothing "$port" redis.sock redis BANTER_REDIS_URL="redis://cache.example:$port"
}

@test "P6: a revoked device's stream ends though push's clock is two minutes ahead and the notification is lost" {
	preloaded_push PRELOAD_AHEAD=120 BANTER_REDIS_URL=redis://127.0.0.1:1
	as alice
	as_device alice third
	STREAM_URL=$further listen third sse
	admin "set search_path = banter; update devices set revoked_at = clock_timestamp() where id = $device_id"
	closed_with third 4501 10
	preloaded_end
}

# horizon_gauge N: checks the metric of a horizon that stands still.
horizon_gauge() { [ "$(curl -s "$further/metrics" | sed -n 's/^banter_push_horizon_stands //p')" = "$1" ]; }
horizon_logged() { grep -q ' level=warn event=horizon_stands seconds=[0-9]* see=banter.horizon_holders()' "$preloaded_log"; }

@test "horizon: a standstill of 30 seconds is logged, and its gauge is 1 until it moves" {
	preloaded_push PRELOAD_LATER="$BANTER_STATE/opt/later" BANTER_PUSH_SWEEP_SECONDS=1 BANTER_PUSH_ANSWER_MS=600000 BANTER_HANG_SECONDS=0
	as alice
	group Room bob
	hold writer "select status from message_send($room, $user_id, 'held', 'held', null, null)" >/dev/null
	swept 2 # push has read the horizon that stands
	horizon_gauge 0
	[ "$(grep -c ' event=horizon_stands ' "$preloaded_log")" = 0 ]
	touch "$BANTER_STATE/opt/later"
	wait_until 10 horizon_logged
	horizon_gauge 1
	release writer
	wait_until 10 horizon_gauge 0
	rm "$BANTER_STATE/opt/later"
	preloaded_end
}

# hung_is_replaced PART SECONDS: stops the part's worker, and waits until it is replaced.
hung_is_replaced() {
	local hung
	hung=$(workers_of "$1")
	kill -STOP "$hung"
	noticed() { grep -q "event=worker_hung pid=$hung " "$BANTER_STATE/log/$1.log" && ! kill -0 "$hung" 2>/dev/null; }
	wait_until "$2" noticed "$1"
}

@test "a hung worker of push or of the api is replaced, and that is logged" {
	further_push BANTER_HANG_SECONDS=3
	hung_is_replaced "$further_part" 20
	answers() { curl -sf -m 1 -o /dev/null "$further/healthz"; }
	wait_until 20 answers
	hung_is_replaced api 40
	wait_until 20 readyz_is 200
}
