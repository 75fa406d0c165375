# P9: no secret in a URL or a log.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; load ../support/streams; }
teardown() { streams_end; }

# in_logs TEXT: checks whether any log of the stack has the text.
in_logs() { grep -raFl -- "$1" "$BANTER_STATE/log"; }
absent() { if in_logs "$1"; then echo "$2 is in a log"; return 1; fi; }

@test "P9: no token, password, ticket or text is in any log" {
	mark=zebra$RANDOM$RANDOM
	as nobody
	post /v1/auth/register "{\"name\":\"$mark\",\"password\":\"password-$mark\",\"cookie\":true}"
	expect 201
	device_from "$reply"
	access=$token first=$refresh_token
	post /v1/auth/login "{\"name\":\"$mark\",\"password\":\"wrong-$mark\"}"
	expect 401
	post /v1/auth/register "{\"name\":\"$mark\",\"password\":\"taken-$mark\"}"
	expect 409
	post /v1/auth/refresh "{\"refresh_token\":\"$first\"}"
	expect 200
	second=$(json .refresh_token) fresh=$(json .access_token)
	token=$fresh
	group "title-$mark"
	send "text-$mark"
	post "/v1/conversations/$room/messages" "{\"client_id\":\"c\",\"text\":\"text-$mark\""
	expect 400 malformed_json
	post "/v1/conversations/$room/messages" "{\"client_id\":\"c\",\"text\":\"text-$mark\",\"data\":{\"k\":\"data-$mark\"},\"x-$mark\":1}"
	expect 422
	used=$(ticket) unused=$(ticket)
	for transport in "${TRANSPORTS[@]}"; do listen "$transport" "$transport" --token "$fresh"; done
	listen ticket ws --ticket "$used"
	listen again sse --ticket "$used"
	listen frame ws --auth "$fresh"
	listen cookie sse --cookie "$fresh" --origin "$URL"
	listen url ws --nobody --path "/v1/ws?access_token=$fresh"
	get "/v1/me?access_token=$access"
	token=$fresh
	speak frame "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"f\",\"text\":\"frame-$mark\"}"
	heard frame '.type == "message.sent"'
	speak frame "not a frame $mark"
	heard frame '.type == "error" and .code == "malformed_json"'
	post /v1/auth/logout
	expect 204
	# logged: checks that the logs work: the ended request is in them.
	logged() { in_logs "$user_id" >/dev/null; }
	wait_until 5 logged

	absent "password-$mark" "a password"
	absent "wrong-$mark" "a wrong password"
	absent "taken-$mark" "a password"
	absent "text-$mark" "a message's text"
	absent "data-$mark" "a message's data"
	absent "frame-$mark" "a message's text"
	absent "not a frame $mark" "a frame"
	for secret in "$access" "$fresh" "$first" "$second" "$used" "$unused"; do absent "$secret" "a token or ticket"; done
	# Neither are the signature alone and the server's own key.
	absent "${fresh##*.}" "a token's signature"
	absent "$(<"$BANTER_SECRETS_DIR/jwt.key")" "the key"
}

@test "P9: what the whole suite has used so far is in no log" {
	if grep -raoE 'eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.' "$BANTER_STATE/log" | head -n 3 | grep .; then echo "tokens are in a log"; return 1; fi
	if grep -raoiE '(ticket|token|password)=[^ &"]+' "$BANTER_STATE/log" | head -n 3 | grep .; then echo "a query is in a log"; return 1; fi
	if grep -raF -e "$PASSWORD" -e 'fence.' "$BANTER_STATE/log" | head -n 3 | grep .; then echo "passwords or texts are in a log"; return 1; fi
}

@test "P9: PostgreSQL's log of a slow statement has no stored values" {
	as alice
	group Room bob
	listen alice ws
	# a row that is locked would be passed over
	hold slow "lock table messages in share mode" >/dev/null
	speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"slow\",\"text\":\"top secret up the socket\"}"
	start=$(now_ms)
	post "/v1/conversations/$room/messages" '{"client_id":"slow-rest","text":"top secret by rest"}' &
	long_enough() { [ "$(elapsed_ms "$start")" -ge 2500 ]; }
	wait_until 5 long_enough
	release slow
	wait $!
	heard alice '.type == "message.sent"'
	logged() { grep -q 'duration: .*banter-push-send\|banter-push-send .*duration:' "$BANTER_STATE/log/postgres.log"; }
	wait_until 5 logged
	if grep -h 'top secret' "$BANTER_STATE"/log/*.log; then return 1; fi
}

@test "P9: secrets are files of mode 0600, and hashes in the database" {
	[ "$(stat -c %a "$BANTER_SECRETS_DIR/jwt.key")" = 600 ]
	as alice
	t=$(ticket)
	dump=$(psql_banter "select encode(hash, 'escape') from tickets union all select encode(refresh_hash, 'escape') from devices union all select password_hash from users")
	for secret in "$t" "$refresh_token" "$PASSWORD"; do [[ $dump != *"$secret"* ]]; done
	[[ $(psql_banter "select password_hash from users where id = $user_id") == '$argon2id$'* ]]
}

@test "P9: no secret stands in the command line or environment listing of a part" {
	for part in api push; do
		pid=$(stack pid $part)
		for listing in cmdline environ; do
			if tr '\0' '\n' <"/proc/$pid/$listing" | grep -F "$(<"$BANTER_SECRETS_DIR/jwt.key")"; then return 1; fi
		done
	done
}
