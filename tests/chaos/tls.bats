# The front door with TLS, on IPv6: a self-signed certificate, streams of many tabs, requests that
# are half sent, and the replies of lighttpd itself.
# SPDX-License-Identifier: MIT

load own

setup_file() { own_stack BANTER_LISTEN='[::1]' BANTER_PUSH_LISTEN=:: BANTER_TLS_CERTIFICATE=self-signed BANTER_ORIGINS='https://chat.example,*'; }
setup() {
	load_helpers
	URL=https://[::1]:$BANTER_PORT PUSH_URL=http://[::1]:$BANTER_PUSH_PORT
	export CURL_CA_BUNDLE=$BANTER_STATE/secrets/tls.crt
}

@test "TLS by a setting: the certificate matches the address, and cookies are for TLS only" {
	as nobody
	get /readyz
	expect 200
	[ "$(json .checks.push)" = ok ] # on its own port, all addresses
	post /v1/auth/register "{\"name\":\"tls.$RANDOM\",\"password\":\"$PASSWORD\",\"cookie\":true}"
	expect 201
	[[ $(header_of Set-Cookie) == *"; Secure" ]]
	[ "$(stat -c %a "$BANTER_STATE/secrets/tls.key")" = 600 ]
	# push listens on :: and so on IPv4
	curl -sf -m 5 "http://127.0.0.1:$BANTER_PUSH_PORT/healthz"
}

@test "TLS: ten streams of one browser are all open" {
	as alice
	arguments=()
	for n in {1..10}; do arguments+=(-o "$BATS_TEST_TMPDIR/stream.$n" "$URL/v1/stream"); done
	curl -sN -Z --parallel-max 20 --http2 -m 60 -H "Authorization: Bearer $token" "${arguments[@]}" >/dev/null 2>&1 3>&- 4>&- &
	client=$!
	all_ready() { [ "$(grep -ls 'stream.ready' "$BATS_TEST_TMPDIR"/stream.* | wc -l)" = 10 ]; }
	wait_until 20 all_ready
	get /v1/me
	expect 200
	kill $client
}

@test "a request whose head or body stops arriving is closed, and a silent stream is not" {
	as alice
	start=$(now_ms)
	curl -s -o "$BATS_TEST_TMPDIR/poll" -w '%{http_code}' -m 40 -H "Authorization: Bearer $token" "$URL/v1/events?wait=20" >"$BATS_TEST_TMPDIR/poll.status" 3>&- 4>&- &
	poll=$!
	node -e '
		const tls = require("tls");
		const texts = ["GET /v1/server HTTP/1.1\r\nHost: x\r\nX-A: ", "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"];
		for (const text of texts)
			tls.connect({ host: "::1", port: process.argv[1], rejectUnauthorized: false }, function () { this.write(text); }).on("error", () => {}).resume();
	' "$BANTER_PORT" # ends when both connections are ended
	[ "$(elapsed_ms "$start")" -ge 9000 ]
	wait $poll
	[ "$(<"$BATS_TEST_TMPDIR/poll.status")" = 200 ]
	[ "$(elapsed_ms "$start")" -ge 19000 ]
}

@test "origins: push accepts * for all origins, as the front door does, but without cookies" {
	headers_for() { curl -sik -m 5 -H "Origin: $1" "$PUSH_URL/healthz" | tr -d '\r' | grep -i '^Access-Control-Allow'; }
	[ "$(headers_for https://other.example)" = 'Access-Control-Allow-Origin: *' ]
	[ "$(headers_for https://chat.example | tr '\n' ' ')" = 'Access-Control-Allow-Origin: https://chat.example Access-Control-Allow-Credentials: true ' ]
}

@test "a page of another origin can read a 503 of the front door" {
	stack stop api
	cors_of() { curl -si -m 5 -H "Origin: $1" "$URL/v1/server" | tr -d '\r' | sed -n 's/^Access-Control-Allow-Origin: //Ip'; }
	[ "$(curl -s -o /dev/null -m 5 -w '%{http_code}' "$URL/v1/server")" = 503 ]
	[ "$(cors_of https://chat.example)" = https://chat.example ]
	[ "$(cors_of https://other.example)" = '*' ]
	stack start api 3>&- 4>&-
}
