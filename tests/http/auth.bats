# Accounts and tokens: register, login, refresh, logout.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; load ../support/streams; }
teardown() { streams_end; }

fresh_name() { echo "n$(date +%s%N | tail -c 12).$RANDOM"; }
register() { as nobody; post /v1/auth/register "$(jq -nc --arg name "$1" --arg password "${2-correct horse battery}" '{$name, $password}')"; }
login() { as nobody; post /v1/auth/login "$(jq -nc --arg name "$1" --arg password "${2-correct horse battery}" '{$name, $password}')"; }
refresh() { as nobody; post /v1/auth/refresh "{\"refresh_token\":\"$1\"}"; }
me_with() { token="$1"; get /v1/me; }

@test "register: creates a user and signs in" {
	name=$(fresh_name)
	as nobody
	post /v1/auth/register "{\"name\":\"$name\",\"password\":\"correct horse battery\",\"display_name\":\"Ålice 🙂\",\"device_name\":\"laptop\"}"
	expect 201
	[ "$(json .user.name)" = "$name" ]
	[ "$(json .user.display_name)" = "Ålice 🙂" ]
	[ "$(json .token_type)" = Bearer ]
	[ "$(json .expires_in)" = 900 ]
	[[ $(json .user.id) =~ ^[1-9][0-9]+$ && $(json .device_id) =~ ^[1-9][0-9]+$ ]]
	user=$(json .user.id) device=$(json .device_id) access=$(json .access_token)
	[[ $(header_of Cache-Control) == *no-store* ]]
	[ -z "$(header_of Set-Cookie)" ]
	me_with "$access"
	expect 200
	[ "$(json .id)" = "$user" ]
	get /v1/devices
	[ "$(json '.devices[0] | [.id, .name, .current] | join(" ")')" = "$device laptop true" ]
}

@test "register: without a display name it is the name" {
	name=$(fresh_name)
	register "$name"
	expect 201
	[ "$(json .user.display_name)" = "$name" ]
}

@test "register: of concurrent registrations of a name one succeeds" {
	name=$(fresh_name)
	register "$name"
	expect 201
	register "$name"
	expect 409 name_taken

	name=$(fresh_name)
	for i in 1 2 3 4 5 6; do
		curl -s -o /dev/null -w '%{http_code}\n' -H 'Content-Type: application/json' -d "{\"name\":\"$name\",\"password\":\"correct horse battery\"}" \
			"$URL/v1/auth/register" >"$BATS_TEST_TMPDIR/race.$i" &
		racers+=($!)
	done
	wait "${racers[@]}"
	# The server may refuse a hash with 429 when too many run at once. Exactly one request gets
	# the name.
	[ "$(cat "$BATS_TEST_TMPDIR"/race.* | grep -c 201)" = 1 ]
	[ "$(cat "$BATS_TEST_TMPDIR"/race.* | grep -vcE '^(201|409|429)$')" = 0 ]
}

@test "register: names, passwords and display names beyond their limits are refused" {
	for name in a "$(printf 'x%.0s' {1..33})" Alice 'al ice' 'al/ice' 'älice' '' 'a@b' .. -- __ bob. -bob "a'b" 'a"b'; do
		register "$name"
		[ "$reply_status" = 422 ] || { echo "name '$name': $reply_status $reply"; return 1; }
		[[ $(json .code) =~ ^invalid_(name|body)$ ]]
	done
	register "$(fresh_name)" short12
	expect 422 invalid_body
	[ "$(json .field)" = password ]
	register "$(fresh_name)" "$(printf 'x%.0s' {1..1025})"
	expect 422 invalid_body
	[ "$(json .field)" = password ]
	register "$(fresh_name)" "$(printf 'ü%.0s' {1..4})" # 8 bytes
	expect 201
	register "$(fresh_name)" "$(printf 'x%.0s' {1..1024})"
	expect 201
	post /v1/auth/register "{\"name\":\"$(fresh_name)\",\"password\":\"correct horse\",\"display_name\":\"$(printf 'x%.0s' {1..129})\"}"
	expect 422 invalid_body
	[ "$(json .field)" = display_name ]
	post /v1/auth/register "{\"name\":\"$(fresh_name)\",\"password\":\"correct horse\",\"display_name\":\"\"}"
	expect 422 invalid_body
	for shown in ' ' '\u200b' 'a\nb' '\u202egpj.exe' '\u3164'; do
		post /v1/auth/register "{\"name\":\"$(fresh_name)\",\"password\":\"correct horse\",\"display_name\":\"$shown\"}"
		[ "$reply_status $(json '[.code, .field] | join(" ")')" = '422 invalid_body display_name' ] || { echo "$shown: $reply"; return 1; }
		post /v1/auth/register "{\"name\":\"$(fresh_name)\",\"password\":\"correct horse\",\"device_name\":\"$shown\"}"
		[ "$reply_status $(json '[.code, .field] | join(" ")')" = '422 invalid_body device_name' ] || { echo "$shown: $reply"; return 1; }
	done
}

@test "login: signs in on a new device" {
	name=$(fresh_name)
	register "$name"
	first=$(json .device_id)
	login "$name"
	expect 200
	[ "$(json .user.name)" = "$name" ]
	[ "$(json .device_id)" != "$first" ]
	me_with "$(json .access_token)"
	expect 200
}

@test "login: a wrong password and an unknown name get the same reply" {
	name=$(fresh_name)
	register "$name"
	login "$name" "wrong horse battery"
	expect 401 invalid_credentials
	wrong=$(jq -cS 'del(.request_id)' <<<"$reply")
	login "$(fresh_name)" "wrong horse battery"
	expect 401 invalid_credentials
	[ "$(jq -cS 'del(.request_id)' <<<"$reply")" = "$wrong" ]
	login "$name" ""
	expect 401 invalid_credentials
	login "$name" "correct horse battery "
	expect 401 invalid_credentials
}

@test "login: a password beyond ASCII is compared byte by byte" {
	name=$(fresh_name)
	register "$name" "pâsswörd 🐎 battery"
	expect 201
	login "$name" "pâsswörd 🐎 battery"
	expect 200
	login "$name" "password 🐎 battery"
	expect 401 invalid_credentials
}

@test "tokens: forged, altered and malformed tokens are refused" {
	as alice
	good=$token
	b64() { basenc --base64url -w0 | tr -d =; }
	IFS=. read -r head claims mark <<<"$good"
	none=$(printf '{"alg":"none","typ":"JWT"}' | b64)
	hs512=$(printf '{"alg":"HS512","typ":"JWT"}' | b64)
	other=$(printf '%s' "$claims" | basenc --base64url -d 2>/dev/null | sed 's/"sub":"[0-9]*"/"sub":"1"/' | b64)
	for bad in "" "x" "a.b.c" "$head.$claims" "$head.$claims." "$none.$claims." "$none.$claims.$mark" "$hs512.$claims.$mark" "$head.$other.$mark" "${good}x" "x$good" \
		"$good.$good" "$(printf 'x%.0s' {1..3000})"; do
		me_with "$bad"
		[ "$reply_status" = 401 ] && [ "$(json .code)" = unauthenticated ] || { echo "token $bad: $reply_status $reply"; return 1; }
	done
	as nobody
	get /v1/me
	expect 401 unauthenticated
	# Tokens that are signed with another key, or with an empty one.
	for key in "" "$(printf '%064d' 0)"; do
		forged=$(printf '%s' "$head.$claims" | openssl dgst -sha256 -mac HMAC -macopt "key:${key:-x}" -binary | b64)
		me_with "$head.$claims.$forged"
		expect 401 unauthenticated
	done
	token="$good"
	reply_status=$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Basic $good" "$URL/v1/me")
	[ "$reply_status" = 401 ]
	reply_status=$(curl -s -o /dev/null -w '%{http_code}' -H "authorization: bearer $good" "$URL/v1/me")
	[ "$reply_status" = 200 ] # RFC 9110: the scheme's case does not count
}

@test "tokens: the cookie is accepted for streams only" {
	as alice
	reply_status=$(curl -s -o /dev/null -w '%{http_code}' -H "Cookie: banter_access=$token" "$URL/v1/me")
	[ "$reply_status" = 401 ]
}

@test "refresh: a refresh token works once and returns its successor" {
	register "$(fresh_name)"
	device=$(json .device_id) first=$(json .refresh_token)
	refresh "$first"
	expect 200
	[ "$(json .device_id)" = "$device" ]
	[ "$(json .token_type)" = Bearer ]
	[ "$(json 'has("user")')" = false ]
	second=$(json .refresh_token)
	[ "$second" != "$first" ]
	me_with "$(json .access_token)"
	expect 200
	refresh "$second"
	expect 200
}

@test "refresh: a repeated request after a lost reply returns the same token" {
	register "$(fresh_name)"
	device=$(json .device_id) first=$(json .refresh_token)
	refresh "$first"
	expect 200
	second=$(json .refresh_token)
	refresh "$first"
	expect 200
	[ "$(json .device_id) $(json .refresh_token)" = "$device $second" ]
	me_with "$(json .access_token)"
	expect 200
	refresh "$second"
	expect 200
}

@test "refresh: a refresh token that is used after its successor revokes the device" {
	register "$(fresh_name)"
	first=$(json .refresh_token) access=$(json .access_token)
	refresh "$first"
	refresh "$(json .refresh_token)"
	expect 200
	third=$(json .refresh_token)
	refresh "$first"
	expect 401 refresh_token_reused
	refresh "$third"
	expect 401
	revoked() { me_with "$access" && [ "$reply_status" = 401 ]; }
	wait_until 10 revoked
	[ "$(json .code)" = device_revoked ]
}

@test "refresh: a replaced refresh token that is used after 30 seconds revokes the device" {
	register "$(fresh_name)"
	device=$(json .device_id) first=$(json .refresh_token)
	refresh "$first"
	expect 200
	psql_banter "update devices set last_used_at = last_used_at - interval '31 seconds' where id = $device"
	refresh "$first"
	expect 401 refresh_token_reused
}

@test "refresh: twenty concurrent uses return one successor" {
	register "$(fresh_name)"
	first=$(json .refresh_token)
	for i in {1..20}; do
		curl -s -H 'Content-Type: application/json' -d "{\"refresh_token\":\"$first\"}" "$URL/v1/auth/refresh" >"$BATS_TEST_TMPDIR/race.$i" &
		racers+=($!)
	done
	wait "${racers[@]}"
	[ "$(jq -r .refresh_token "$BATS_TEST_TMPDIR"/race.* | sort | uniq -c | awk '{ print $1 }')" = 20 ]
	refresh "$(jq -r .refresh_token "$BATS_TEST_TMPDIR/race.1")"
	expect 200
}

@test "refresh: a token of version 1 is accepted and replaced" {
	register "$(fresh_name)"
	device=$(json .device_id) bare=$(printf 'v1%.0s' {1..21})w
	psql_banter "update devices set refresh_hash = sha256('$bare$device') where id = $device"
	psql_banter "insert into refresh_tokens (hash, device_id, expires_at) select refresh_hash, id, refresh_expires_at from devices where id = $device"
	refresh "$bare$device"
	expect 200
	second=$(json .refresh_token)
	[[ $second == "r2.$device.2."* ]]
	refresh "$bare$device"
	expect 200
	[ "$(json .refresh_token)" = "$second" ]
	refresh "$second"
	expect 200
}

@test "refresh: a forged token of a device is refused, and the device stays signed in" {
	register "$(fresh_name)"
	device=$(json .device_id) first=$(json .refresh_token)
	refresh "$first"
	refresh "$(json .refresh_token)"
	third=$(json .refresh_token)
	IFS=. read -r form _ _ secret signature <<<"$first"
	for forged in "$form.$device.1.$secret.${signature%?}" "$form.$device.2.$secret.$signature" "$form.$device.1.x.$signature" "$form.$device.1.." "$form.$device.1" \
		"$form.$device." "$form.1.1.$secret.$signature" "$form.$device.99999999999.$secret.$signature" "$first.$first"; do
		refresh "$forged"
		[ "$reply_status $(json .code)" = "401 invalid_refresh_token" ] || { echo "$forged: $reply_status $reply"; return 1; }
	done
	refresh "$third"
	expect 200
}

@test "refresh: a text that is no refresh token is refused" {
	as alice
	for bad in x "$(printf 'B%.0s' {1..256})" "$(printf 'A%.0s' {1..43})"; do
		refresh "$bad"
		[ "$reply_status" = 401 ] && [ "$(json .code)" = invalid_refresh_token ] || { echo "$bad: $reply_status $reply"; return 1; }
	done
	refresh ""
	expect 422 invalid_body
	refresh "$(printf 'A%.0s' {1..257})"
	[[ $reply_status == 401 || $reply_status == 422 ]]
}

@test "logout: signs out the calling device and no other" {
	name=$(fresh_name)
	register "$name"
	other=$(json .access_token)
	login "$name"
	mine=$(json .access_token) refresh_token=$(json .refresh_token)
	token="$mine"
	post /v1/auth/logout
	expect 204
	[ -z "$reply" ]
	refused() { me_with "$mine" && [ "$reply_status" = 401 ]; }
	wait_until 10 refused
	[ "$(json .code)" = device_revoked ]
	refresh "$refresh_token"
	expect 401
	me_with "$other"
	expect 200
	as nobody
	post /v1/auth/logout
	expect 401 unauthenticated
}

@test "cookie: register, login and refresh set it on request, and logout clears it" {
	name=$(fresh_name)
	as nobody
	post /v1/auth/register "{\"name\":\"$name\",\"password\":\"correct horse battery\",\"cookie\":true}"
	expect 201
	cookie=$(header_of Set-Cookie)
	access=$(json .access_token)
	[[ $cookie == "banter_access=$access"* ]]
	[[ $cookie == *HttpOnly* && $cookie == *SameSite=Strict* && $cookie == *Path=/v1* && $cookie == *Max-Age=900* && $cookie != *Secure* ]]
	refresh_token=$(json .refresh_token)
	post /v1/auth/login "{\"name\":\"$name\",\"password\":\"correct horse battery\",\"cookie\":true}"
	[[ $(header_of Set-Cookie) == "banter_access=$(json .access_token)"* ]]
	post /v1/auth/refresh "{\"refresh_token\":\"$refresh_token\",\"cookie\":true}"
	[[ $(header_of Set-Cookie) == "banter_access=$(json .access_token)"* ]]
	token="$access"
	post /v1/auth/logout
	expect 204
	[[ $(header_of Set-Cookie) == "banter_access=;"*Max-Age=0* ]]
}

@test "names and passwords that look like SQL are only text" {
	for text in "' or '1'='1" '"; drop table users; --' "\$1" "%s%n" '\\'; do
		login "$text" "$text"
		[ "$reply_status" = 401 ] || [ "$reply_status" = 422 ]
	done
	login alice "' or ''='"
	expect 401 invalid_credentials
}
