# nginx and HAProxy before Banter, with the configurations of docs/operations.md.
# SPDX-License-Identifier: MIT

load own

setup_file() { own_stack BANTER_ORIGINS=https://chat.example BANTER_BASE_PATH=/chat; }
setup() {
	load_helpers
	front=$URL
}
teardown() {
	streams_end
	if [ -e "$BATS_TEST_TMPDIR/proxies" ]; then kill $(<"$BATS_TEST_TMPDIR/proxies") 2>/dev/null || true; fi
}

# proxy NAME TARGET: starts this proxy before a port. $proxied is its address.
proxy() {
	local port file=$BATS_TEST_TMPDIR/$1.conf
	port=$(free_port)
	documented "$1" | sed "s/127.0.0.1:8080/127.0.0.1:$2/; s/listen 80;/listen 127.0.0.1:$port;/; s/bind :80/bind 127.0.0.1:$port/" >"$file.part"
	grep -q "127.0.0.1:$port" "$file.part"
	case $1 in
	nginx)
		mkdir -p "$BATS_TEST_TMPDIR/nginx"
		{
			printf 'daemon off; pid %s; error_log stderr; events { } http { access_log off;\n' "$BATS_TEST_TMPDIR/nginx/pid"
			for name in client_body proxy fastcgi uwsgi scgi; do echo "${name}_temp_path $BATS_TEST_TMPDIR/nginx/$name;"; done
			cat "$file.part"
			echo '}'
		} >"$file"
		/usr/sbin/nginx -e stderr -c "$file" 3>&- 4>&- 2>"$file.log" &
		;;
	haproxy)
		cp "$file.part" "$file"
		/usr/sbin/haproxy -db -f "$file" 3>&- 4>&- 2>"$file.log" &
		;;
	esac
	echo $! >>"$BATS_TEST_TMPDIR/proxies"
	disown $!
	proxied=http://127.0.0.1:$port
	wait_until 10 curl -sf -o /dev/null "$proxied/healthz" || { cat "$file.log"; return 1; }
}

# address_seen URL [HEADER]: prints the address that the api logs for a refused sign-in there.
address_seen() {
	local id
	id=$(curl -s -D - -o /dev/null --interface 127.0.0.7 "${@:2}" -H 'Content-Type: application/json' -d '{"name":"nobody.at.all","password":"x"}' "$1/v1/auth/login" |
		tr -d '\r' | sed -n 's/^X-Request-Id: //Ip')
	logged() { grep -q "id=$id " "$BANTER_STATE/log/api.log"; }
	wait_until 5 logged
	sed -n "s/.* id=$id .* address=//p" "$BANTER_STATE/log/api.log"
}

# behaves URL: checks there everything that a client does.
behaves() {
	local transport
	URL=$1
	curl -s "$1/" | grep -q '<script'
	[ "$(address_seen "$1")" = 127.0.0.7 ]
	[ "$(address_seen "$1" -H 'X-Forwarded-For: 203.0.113.77')" = 127.0.0.7 ]
	as alice
	group Room bob
	for transport in "${TRANSPORTS[@]}"; do STREAM_URL=$1 listen "$transport" "$transport"; done
	fence "${TRANSPORTS[@]}"
	head -c 2000000 /dev/zero >"$BATS_TEST_TMPDIR/large"
	curl -si -m 10 -H 'Expect:' -H 'Origin: https://chat.example' --data-binary "@$BATS_TEST_TMPDIR/large" "$1/v1/auth/login" | tr -d '\r' >"$BATS_TEST_TMPDIR/reply"
	head -n 1 "$BATS_TEST_TMPDIR/reply" | grep -q ' 413 '
	grep -qix 'Access-Control-Allow-Origin: https://chat.example' "$BATS_TEST_TMPDIR/reply"
	for transport in "${TRANSPORTS[@]}"; do hang_up "$transport"; done
	URL=$front
}

# under_path URL: checks that the page is redirected to its path with a /, and finds its files.
under_path() {
	local page
	page=$(curl -s -L -o "$BATS_TEST_TMPDIR/page" -w '%{http_code} %{url_effective}' "$1/chat?x=1")
	[[ $page == "200 $1/chat/"* ]] || { echo "$page"; return 1; }
	grep -q '<script' "$BATS_TEST_TMPDIR/page"
	[ "$(curl -s -o /dev/null -w '%{http_code} %{content_type}' "$1/chat/app.js")" = '200 text/javascript; charset=utf-8' ]
	curl -sf "$1/chat/v1/server" | jq -e .version >/dev/null
	STREAM_URL=$1/chat listen below ws
	hang_up below
}

@test "nginx as documented serves page, addresses, all transports, refusals and a path" {
	proxy nginx "$BANTER_PORT"
	behaves "$proxied"
	under_path "$proxied"
}

@test "HAProxy as documented serves page, addresses, all transports, refusals and a path" {
	proxy haproxy "$BANTER_PORT"
	behaves "$proxied"
	under_path "$proxied"
}

@test "two proxies in a row: the client's address is the one before both" {
	proxy haproxy "$BANTER_PORT"
	proxy nginx "${proxied##*:}"
	behaves "$proxied"
}

@test "a path that the proxy has not stripped works by its setting" {
	under_path "$front"
}
