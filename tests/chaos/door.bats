# The front door under floods: connections of one address, half-open peers, parts that die.
# SPDX-License-Identifier: MIT

load own

setup_file() {
	own_stack BANTER_LISTEN='[::]' BANTER_CONNECTIONS=400 BANTER_CONNECTIONS_PER_ADDRESS=50 BANTER_PUSH_PROXIES=127.0.0.9 \
		BANTER_PUSH_PEER_SECONDS=3 BANTER_PUSH_STREAMS_PER_USER=100 BANTER_PUSH_COMMENT_SECONDS=1
}
setup() {
	load_helpers
	URL=http://127.0.0.1:$BANTER_PORT PUSH_URL=http://127.0.0.1:$BANTER_PUSH_PORT
}

# flood NAME HOW COUNT ADDRESS: floods the front door from this address of loopback.
flood() { flood_port "$BANTER_PORT" "$@"; }

# status_from ADDRESS: prints the status of a request from there, 000 when it is refused.
# status_is ADDRESS STATUS: is true when that is so.
status_is() { [ "$(status_from "$1")" = "$2" ] || { echo "from $1: $(status_from "$1") not $2"; stack connections; return 1; }; }
status_from() { curl -s -o /dev/null -m 5 -w '%{http_code}' --interface "$1" "$URL/v1/server" || true; }
streams_of() { curl -s "$PUSH_URL/metrics" | sed -n "s/^banter_push_streams{transport=\"$1\".*} //p"; }
has_streams() { [ "$(streams_of "$1")" = "$2" ]; }

@test "front door: a flood from one address keeps no other address out, and streams stay open" {
	as alice
	group Calm bob
	as bob
	listen bob ws
	listen bobs sse
	for how in half silent trickle; do
		flood $how $how 800 127.0.0.3
		flooded $how '.ended >= 750'
		status_is 127.0.0.3 000
		status_is 127.0.0.2 200
		as alice
		fence bob bobs
		[ "$(stack connections | head -n 1)" = '50 127.0.0.3' ]
		hang_up $how
		wait_until 10 status_is 127.0.0.3 200
	done
	[ "$(notes_of bob | grep -c '"closed"')" = 0 ]
	[[ $(stack connections | tail -n 1) =~ ^2[0-9]{3}" refused" ]]
}

@test "front door: open streams and whole requests count toward the limit of an address, also by IPv6" {
	as mallory
	flood many many 80 127.0.0.4
	flooded many '.ended >= 30'
	status_is 127.0.0.4 000
	hang_up many
	flood six half 80 ::1
	flooded six '.ended >= 30'
	URL=http://[::1]:$BANTER_PORT
	status_is ::1 000
	[ "$(stack connections | head -n 1)" = '50 ::' ]
	URL=http://127.0.0.1:$BANTER_PORT
	status_is 127.0.0.1 200
}

@test "front door: a trusted proxy may have more connections than other addresses, but not all" {
	flood proxy half 1000 127.0.0.9
	flooded proxy '.ended >= 300'
	read -r most _ < <(stack connections)
	[ "$most" -gt 400 ]
	status_is 127.0.0.9 000
	status_is 127.0.0.2 200
}

@test "half-open peers: an event stream and a poll go offline in time, also through the front door" {
	if [ "$(id -u)" = 0 ]; then apart=(unshare -n); else apart=(unshare -rn); fi
	"${apart[@]}" true 2>/dev/null || skip "no network namespaces here"
	as carol
	# HAProxy runs as it does, with clients on a loopback of their own. A loopback that is down
	# takes everything and answers nothing.
	mapfile -t -d '' env < <(cat "/proc/$(stack pid haproxy)/environ")
	# Both sides keep the fifo open, so none waits for the other and no line is lost.
	mkfifo "$BATS_TEST_TMPDIR/cut"
	exec {cut}<>"$BATS_TEST_TMPDIR/cut"
	env -i "${env[@]}" FRONT_ADMIN_SOCKET="$BATS_TEST_TMPDIR/door" FRONT_BIND=127.0.0.1:1811 "${apart[@]}" bash -c '
		ip link set lo up
		haproxy -db -f "$0/haproxy.conf" &
		until (: </dev/tcp/127.0.0.1/1811) 2>/dev/null; do sleep 0.05; done
		for path in stream "events?wait=60"; do curl -sN -o /dev/null -H "Authorization: Bearer $1" "http://127.0.0.1:1811/v1/$path" & done
		read -r <&"$2"
		ip link set lo down
		read -r <&"$2"
		kill $(jobs -p)
	' "$BANTER_SHARE" "$token" "$cut" 3>&- 4>&- &
	apart_pid=$!
	wait_until 10 has_streams sse 1
	wait_until 10 has_streams poll 1
	as dave
	direct_with carol
	carol_is() { get "/v1/presence?user_ids=$(id_of carol)" && [ "$(json '.presence[0].status')" = "$1" ]; }
	wait_until 10 carol_is online
	echo >&"$cut"
	wait_until 20 has_streams sse 0
	wait_until 20 has_streams poll 0
	wait_until 40 carol_is offline
	echo >&"$cut"
	wait $apart_pid || true
}

@test "front door: a killed HAProxy or lighttpd is started again with its settings" {
	as alice
	for part in haproxy lighttpd; do
		stack kill $part
		[ "$(status_from 127.0.0.2)" = 000 ]
		stack start $part 3>&- 4>&-
		get /v1/me
		expect 200
	done
	flood after half 80 127.0.0.5
	flooded after '.ended >= 30'
	status_is 127.0.0.5 000
}

@test "front door: lighttpd listens itself when no limit is set" {
	as alice
	stack stop haproxy
	BANTER_CONNECTIONS_PER_ADDRESS=0 stack restart lighttpd 3>&- 4>&-
	get /v1/me
	expect 200
	[ "$(stack status | grep -c haproxy)" = 0 ]
	BANTER_CONNECTIONS_PER_ADDRESS=0 stack stop lighttpd
	stack start lighttpd haproxy 3>&- 4>&-
	get /v1/me
	expect 200
}
