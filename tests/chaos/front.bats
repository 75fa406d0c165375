# The front door: proxies before it, limits of sign-ins, and what it answers itself.
# SPDX-License-Identifier: MIT

load own

setup_file() { own_stack BANTER_PUSH_STREAMS_PER_ADDRESS=2 BANTER_ORIGINS=https://chat.example; }

# api_with SETTING=VALUE…: restarts the api with these settings, for the rest of this file.
api_with() {
	stack stop api
	env "$@" "$ROOT/scripts/stack" start api 3>&- 4>&-
}

# login_from ADDRESSES [NAME]: signs in with a wrong password. The addresses are those in
# X-Forwarded-For.
login_from() {
	as nobody
	header "X-Forwarded-For: $1"
	post /v1/auth/login "{\"name\":\"${2:-nobody.at.all}\",\"password\":\"a wrong guess\"}"
}

# refusals_of N COMMAND…: runs it N times, and prints how often the reply was a 429.
refusals_of() {
	local n=$1 refused=0
	shift
	while [ $((n--)) -gt 0 ]; do
		"$@"
		if [ "$reply_status" = 429 ]; then refused=$((refused + 1)); fi
	done
	echo $refused
}

# login_from_strangers NAME: signs in from one address after the other until one is refused. There
# are more of them than the limit allows meanwhile.
login_from_strangers() {
	local n
	for n in {1..40}; do
		login_from "198.51.100.$n" "$1"
		if [ "$reply_status" = 429 ]; then return; fi
	done
}

@test "behind a proxy each client has its own limit of sign-ins, and IPv6 counts by network" {
	api_with BANTER_RATE_LOGIN=5
	[ "$(refusals_of 8 login_from 203.0.113.1)" = 3 ]
	[ "$(refusals_of 5 login_from 203.0.113.2)" = 0 ]
	# The client's own text stands before the address that its proxy has seen.
	[ "$(refusals_of 2 login_from '203.0.113.77, 203.0.113.1')" = 2 ]
	# Through two proxies, of which both are trusted.
	[ "$(refusals_of 2 login_from '203.0.113.1, 127.0.0.1')" = 2 ]
	[ "$(refusals_of 2 login_from '203.0.113.3, ::1')" = 0 ]
	for n in 1 2 3 4 5; do login_from "2001:db8:1:1::$n"; done
	login_from 2001:db8:1:1:ffff::1
	expect 429 rate_limited
	login_from 2001:db8:1:2::1
	expect 401 invalid_credentials
	grep -q 'path=/v1/auth/login status=429 .* address=203.0.113.1$' "$BANTER_STATE/log/api.log"
	grep -q 'path=/v1/auth/login status=401 .* address=2001:db8:1:2::1$' "$BANTER_STATE/log/api.log"
}

@test "refreshes have a limit of their own: many users of one address stay signed in" {
	api_with BANTER_RATE_LOGIN=2 BANTER_RATE_REFRESH=100
	for n in {1..12}; do
		as nobody
		post /v1/auth/refresh '{"refresh_token":"nonsense"}'
		expect 401 invalid_refresh_token
	done
	[ "$(header_of RateLimit-Limit)" = 100 ]
	api_with BANTER_RATE_LOGIN=0
}

@test "push counts the streams of a client by the address that trusted proxies report" {
	as alice
	stream_status() { curl -s -o /dev/null -m 2 -w '%{http_code}' -H "X-Forwarded-For: $1" -H "Authorization: Bearer $token" "$URL/v1/events?wait=0"; }
	open_stream() { curl -sN -m 30 -o /dev/null -H "X-Forwarded-For: $1" -H "Authorization: Bearer $token" "$URL/v1/stream" 3>&- 4>&- & echo $! >>"$BATS_TEST_TMPDIR/open"; }
	open_stream 203.0.113.9
	open_stream '203.0.113.9, 127.0.0.1'
	has_two() { [ "$(curl -s "$PUSH_URL/metrics" | sed -n 's/^banter_push_streams{transport="sse".*} //p')" = 2 ]; }
	wait_until 10 has_two
	[ "$(stream_status 203.0.113.9)" = 429 ]
	[ "$(stream_status 203.0.113.10)" = 200 ]
	token=bad
	[ "$(stream_status 2001:db8:1:2::9)" = 401 ]
	logged() { grep -q "event=stream_end .* reason=$1 .* address=$2\$" "$BANTER_STATE/log/push.log"; }
	wait_until 10 logged too_many_streams 203.0.113.9
	wait_until 10 logged bad_credentials 2001:db8:1:2::9
	kill $(cat "$BATS_TEST_TMPDIR/open")
}

@test "logins: a name has a limit of guesses from one network and one from all unknown networks, but none where its user has signed in" {
	api_with BANTER_RATE_LOGIN_NAME=4 BANTER_RATE_LOGIN_STRANGERS=10
	header 'X-Forwarded-For: 203.0.113.50'
	as home
	name=$(name_of home)
	for n in {1..12}; do
		# in any case, and from anywhere in the network
		login_from "2001:db8:5:5::$n" "${name^^}"
		if [ "$reply_status" = 429 ]; then break; fi
	done
	expect 429 rate_limited
	[ "$(header_of Retry-After)" -ge 1 ]
	login_from_strangers "$name"
	expect 429 rate_limited
	# Its user signs in at home.
	header 'X-Forwarded-For: 203.0.113.50'
	post /v1/auth/login "{\"name\":\"$name\",\"password\":\"$PASSWORD\"}"
	expect 200
	# An unknown name is counted in the same way.
	login_from_strangers nobody.has.this
	expect 429 rate_limited
}

@test "registration can be closed, and GET /v1/server reports it" {
	as nobody
	get /v1/server
	[ "$(json .registration)" = open ]
	as home
	api_with BANTER_REGISTRATION=closed
	as nobody
	post /v1/auth/register "{\"name\":\"late.$RANDOM\",\"password\":\"$PASSWORD\"}"
	expect 403 registration_closed
	get /v1/server
	[ "$(json .registration)" = closed ]
	post /v1/auth/login "{\"name\":\"$(name_of home)\",\"password\":\"$PASSWORD\"}"
	expect 200
	api_with BANTER_REGISTRATION=open
}

@test "the cookie has the name and the path of the settings, in api and push" {
	api_with BANTER_COOKIE_NAME=other_access BANTER_BASE_PATH=/chat
	as home
	post /v1/auth/login "{\"name\":\"$(name_of home)\",\"password\":\"$PASSWORD\",\"cookie\":true}"
	expect 200
	[[ $(header_of Set-Cookie) == "other_access=$(json .access_token); "*"; Path=/chat/v1; "* ]]
	further_push BANTER_COOKIE_NAME=other_access
	opened() { curl -s -o /dev/null -m 5 -w '%{http_code}' -H "Origin: $further" -H "Cookie: $1=$(json .access_token)" "$further/v1/events?wait=0"; }
	[ "$(opened other_access)" = 200 ]
	[ "$(opened banter_access)" = 401 ]
	api_with BANTER_COOKIE_NAME=banter_access BANTER_BASE_PATH=
}

@test "streams answer OPTIONS, so that a page of an allowed origin may open them with a token" {
	for path in /v1/stream /v1/events /v1/ws; do
		for base in "$URL" "$PUSH_URL"; do
			curl -si -m 5 -X OPTIONS -H 'Origin: https://chat.example' -H 'Access-Control-Request-Method: GET' \
				-H 'Access-Control-Request-Headers: authorization' "$base$path" >"$BATS_TEST_TMPDIR/reply"
			head -n 1 "$BATS_TEST_TMPDIR/reply" | grep -q ' 204 '
			grep -qi '^Access-Control-Allow-Origin: https://chat.example' "$BATS_TEST_TMPDIR/reply"
			grep -qi '^Access-Control-Allow-Headers:.*Authorization' "$BATS_TEST_TMPDIR/reply"
			grep -qi '^Access-Control-Expose-Headers:.*Retry-After' "$BATS_TEST_TMPDIR/reply"
			[ "$(curl -si -m 5 -X OPTIONS -H 'Origin: https://evil.example' "$base$path" | grep -ci '^Access-Control')" = 0 ]
		done
	done
}

# readable_by ORIGIN: checks that the kept reply has the headers of CORS if this origin is allowed,
# and none if it is not.
readable_by() {
	if [ "$1" = https://chat.example ]; then
		grep -qix "Access-Control-Allow-Origin: $1" "$BATS_TEST_TMPDIR/reply"
	else
		[ "$(grep -ci '^Access-Control' "$BATS_TEST_TMPDIR/reply")" = 0 ]
	fi
}

@test "a page of an allowed origin can read why push refuses a request, and no other page can" {
	local origin status
	for origin in https://chat.example https://evil.example; do
		for status in 400 413 431; do
			case $status in
			400) more=(-H 'No Name: x') ;;
			413) more=(-d body) ;;
			431) more=(-H "X-Long: $(head -c 20000 /dev/zero | tr '\0' x)") ;;
			esac
			curl -si -m 5 -X GET -H "Origin: $origin" "${more[@]}" "$PUSH_URL/v1/stream" | tr -d '\r' >"$BATS_TEST_TMPDIR/reply"
			head -n 1 "$BATS_TEST_TMPDIR/reply" | grep -q " $status "
			readable_by "$origin"
		done
	done
}

@test "a page of an allowed origin can read the 413 of the front door, and no other page can" {
	head -c 1000000 /dev/zero >"$BATS_TEST_TMPDIR/large"
	head -c 3000000 /dev/zero >"$BATS_TEST_TMPDIR/larger"
	for body in large larger; do
		for origin in https://chat.example https://evil.example; do
			curl -si -m 5 -H 'Expect:' -H "Origin: $origin" --data-binary "@$BATS_TEST_TMPDIR/$body" "$URL/v1/auth/login" | tr -d '\r' >"$BATS_TEST_TMPDIR/reply"
			head -n 1 "$BATS_TEST_TMPDIR/reply" | grep -q ' 413 '
			readable_by "$origin"
		done
	done
	# A length alone is enough: nothing waits for the body.
	exec 5<>"/dev/tcp/127.0.0.1/$BANTER_PORT"
	printf 'POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n' >&5
	read -r -t 5 line <&5
	exec 5>&-
	[[ $line == *' 413 '* ]]
}
