# The server: limits, health, the page, and the headers of every reply.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; load ../support/streams; }
teardown() { streams_end; }

@test "server: returns name, version, time and every limit" {
	as nobody
	get /v1/server
	expect 200
	[ "$(json .api)" = v1 ]
	[[ $(json .name) && $(json .version) =~ [0-9] ]]
	[ $(($(date +%s) - $(date -d "$(json .time)" +%s))) -le 5 ]
	[ "$(json '[.limits[]] | all(type == "number")')" = true ]
	[ "$(json .limits.mentions) $(json .limits.mention_all_members)" = "50 30" ]
	for size in 65536 16384 200 10000 500 50 1023; do
		[ "$(json "[.limits[]] | any(. == $size)")" = true ] || { echo "no limit $size: $reply"; return 1; }
	done
}

@test "health: healthz and readyz report ok" {
	as nobody
	get /healthz
	expect 200
	[ "$reply" = '{"status":"ok"}' ]
	ready() { get /readyz && [ "$reply_status" = 200 ] && [ "$(json .status)" = ok ]; }
	wait_until 10 ready
	[ "$(json -S .checks)" = '{"clock":"ok","database":"ok","push":"ok","redis":"ok","schema":"ok"}' ]
}

@test "every reply has a content type, and no-store" {
	as alice
	for path in /v1/me /v1/nothing /v1/server /healthz; do
		get "$path"
		[[ $(header_of Cache-Control) == *no-store* ]]
		[ "$(header_of X-Content-Type-Options)" = nosniff ]
		[[ $(header_of X-Request-Id) =~ ^[A-Za-z0-9._-]{1,64}$ ]]
		[[ $reply_type =~ ^application/(problem\+)?json ]]
	done
}

@test "a problem has the form of RFC 9457, with code and request id" {
	as nobody
	header 'X-Request-Id: abc-1'
	get /v1/me
	expect 401 unauthenticated
	[ "$(json '[.status, .code, .request_id] | join(" ")')" = "401 unauthenticated abc-1" ]
	[ "$(json '.title | length > 0')" = true ]
	[ "$(json 'keys - ["type","title","status","code","detail","field","request_id"]')" = "[]" ]
	grep -q 'abc-1' "$BANTER_STATE/log/api.log" # and the log has it
}

@test "CORS: only the origins of the setting are allowed" {
	as alice
	header 'Origin: https://elsewhere.example'
	get /v1/me
	expect 200
	[ -z "$(header_of Access-Control-Allow-Origin)" ]
	header 'Origin: https://elsewhere.example'
	header 'Access-Control-Request-Method: POST'
	call OPTIONS /v1/me
	[ -z "$(header_of Access-Control-Allow-Origin)" ]
}

@test "the page is served, and no other file is" {
	as nobody
	get /
	expect 200
	[[ $reply_type == text/html* ]]
	[[ $(header_of Content-Security-Policy) == *"default-src 'self'"* ]]
	for path in /../lighttpd.conf /..%2f..%2fetc/passwd /lighttpd.conf /.git/config /secrets/jwt.key; do
		reply_status=$(curl -s -o /dev/null -w '%{http_code}' --path-as-is "$URL$path")
		[[ $reply_status =~ ^40[0-9]$ ]] || { echo "$path: $reply_status"; return 1; }
	done
}

@test "HEAD, Expect and chunked bodies are accepted" {
	as alice
	reply_status=$(curl -s -I -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" "$URL/v1/me")
	[[ $reply_status =~ ^(200|405)$ ]]
	reply_status=$(curl -s -o /dev/null -w '%{http_code}' -H 'Expect: 100-continue' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -X PATCH -d '{"display_name":"x"}' "$URL/v1/me")
	[ "$reply_status" = 200 ]
	reply_status=$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" -H 'Transfer-Encoding: chunked' -H 'Content-Type: application/json' -X PATCH -d '{"display_name":"x"}' "$URL/v1/me")
	[ "$reply_status" = 200 ]
}

@test "/openapi.yaml serves the contract" {
	curl -s -o "$BATS_TEST_TMPDIR/openapi.yaml" -w '%{http_code} %{content_type}' "$URL/openapi.yaml" >"$BATS_TEST_TMPDIR/status"
	[ "$(<"$BATS_TEST_TMPDIR/status")" = '200 application/yaml' ]
	cmp "$ROOT/openapi.yaml" "$BATS_TEST_TMPDIR/openapi.yaml"
}

@test "compression: the page's files are compressed, replies of the api are not" {
	local headers=(-s -o /dev/null -D "$BATS_TEST_TMPDIR/headers" -H 'Accept-Encoding: gzip')
	curl "${headers[@]}" "$URL/app.js"
	grep -qi '^content-encoding: gzip' "$BATS_TEST_TMPDIR/headers"
	[ "$(curl -s --compressed "$URL/app.js" | cksum)" = "$(cksum <"$ROOT/web/app.js")" ]
	curl "${headers[@]}" "$URL/v1/server"
	! grep -qi '^content-encoding' "$BATS_TEST_TMPDIR/headers"
}
