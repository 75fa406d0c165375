# Bad input: every fault gets a problem with a code, never a crash or a half-done write.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; load ../support/streams; }
teardown() { streams_end; }

# raw_call METHOD PATH CONTENT-TYPE [FILE]: sends exactly these bytes, without a content type if it
# is "-".
raw_call() {
	local arguments=(-s --max-time 20 -X "$1" -D "$reply_headers" -o "$BATS_TEST_TMPDIR/reply" -w '%{http_code} %{content_type}')
	[ -z "$token" ] || arguments+=(-H "Authorization: Bearer $token")
	if [ "$3" = - ]; then arguments+=(-H 'Content-Type:'); else arguments+=(-H "Content-Type: $3"); fi
	[ $# -lt 4 ] || arguments+=(--data-binary "@$4")
	: >"$BATS_TEST_TMPDIR/reply"
	read -r reply_status reply_type < <(curl "${arguments[@]}" "$URL$2") || true
	reply=$(<"$BATS_TEST_TMPDIR/reply") last_request="$1 $2 ($3)"
}

# Lists every route that accepts a body.
bodies() {
	cat <<-TABLE
		POST /v1/auth/register
		POST /v1/auth/login
		POST /v1/auth/refresh
		PATCH /v1/me
		POST /v1/conversations
		PATCH /v1/conversations/$room
		POST /v1/conversations/$room/members
		PATCH /v1/conversations/$room/members/$(id_of bob)
		POST /v1/conversations/$room/messages
		POST /v1/conversations/$room/read
		POST /v1/receipts
		PUT /v1/presence/watch
		POST /v1/presence/query
	TABLE
}

# Prints the state of the database, which bad input must not change.
state() {
	psql_banter "
		select (select count(*) from users), (select count(*) from conversations), (select count(*) from members), (select count(*) from messages),
			(select sum(last_seq) from conversations), (select md5(string_agg(title, ',' order by id)) from conversations),
			(select md5(string_agg(display_name, ',' order by id)) from users), (select sum(read_id) + sum(delivered_id) from members), (select count(*) from devices)"
}

@test "every body: malformed JSON, wrong types, unknown fields and bad encodings are refused" {
	as alice
	group Room bob
	before=$(state)
	bodies >"$BATS_TEST_TMPDIR/bodies"
	while read -r method path; do
		while IFS='~' read -r expected bytes; do
			printf '%b' "$bytes" >"$BATS_TEST_TMPDIR/bytes"
			raw_call "$method" "$path" application/json "$BATS_TEST_TMPDIR/bytes"
			[[ "$reply_status $(json .code)" =~ ^($expected)$ && $reply_type == application/problem+json* ]] || { echo "$method $path with '$bytes': $reply_status $reply instead of $expected"; return 1; }
		done <<-'TABLE'
			400 malformed_json~{
			400 malformed_json~{"a":1
			400 malformed_json~{"a":1}}
			400 malformed_json~{"a":1} {"b":2}
			400 malformed_json~nonsense
			400 malformed_json~{'a':1}
			400 malformed_json~{"a":01}
			400 malformed_json~{"a":NaN}
			400 malformed_json~{"a":1,}
			400 malformed_json~{"a":"\\x"}
			400 malformed_json~{"text":"\xff\xfe"}
			400 malformed_json~{"text":"\xc3\x28"}
			400 malformed_json~{"text":"\xed\xa0\x80"}
			400 malformed_json~{"text":"\xf4\x90\x80\x80"}
			400 malformed_json~{"text":"\xc0\xaf"}
			400 malformed_json~{"text":"a\x00b"}
			400 malformed_json~{"text":"\\ud800"}
			400 malformed_json~{"client_id":"a","client_id":"b"}
			400 malformed_json~\xef\xbb\xbf{}
			400 malformed_json~\xff\xfe{\x00}\x00
			(400 malformed_json|422 invalid_body)~
			(400 malformed_json|422 invalid_body)~[]
			(400 malformed_json|422 invalid_body)~null
			(400 malformed_json|422 invalid_body)~"text"
			(400 malformed_json|422 invalid_body)~7
			(400 malformed_json|422 invalid_body)~[{}]
			(422 invalid_body|422 unknown_field)~{"unheard_of":1}
			(422 invalid_body|422 unknown_field)~{"":1}
			(422 invalid_body|422 unknown_field)~{"constructor":{},"__proto__":{}}
			(400 malformed_json|422 invalid_body|422 unknown_field)~{"a":1e999}
			(400 malformed_json|422 invalid_body|422 unknown_field)~{"a":99999999999999999999999999}
			(400 malformed_json|422 invalid_body|422 unknown_field|422 invalid_name)~{"name":"\\u0000","password":"\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000"}
		TABLE
	done <"$BATS_TEST_TMPDIR/bodies"
	[ "$(state)" = "$before" ]
}

@test "every body: another content type is refused" {
	as alice
	group Room bob
	before=$(state)
	echo '{}' >"$BATS_TEST_TMPDIR/bytes"
	bodies >"$BATS_TEST_TMPDIR/bodies"
	while read -r method path; do
		for type in text/plain application/x-www-form-urlencoded 'multipart/form-data; boundary=x' application/jsonx text/json 'application/xml' -; do
			raw_call "$method" "$path" "$type" "$BATS_TEST_TMPDIR/bytes"
			expect 415 unsupported_media_type
		done
		for type in 'application/json; charset=utf-8' 'Application/JSON' 'application/json;charset="UTF-8"'; do
			raw_call "$method" "$path" "$type" "$BATS_TEST_TMPDIR/bytes"
			[ "$reply_status" = 422 ] || { echo "$method $path $type: $reply_status $reply"; return 1; }
		done
	done <"$BATS_TEST_TMPDIR/bodies"
	[ "$(state)" = "$before" ]
}

@test "every body: one that is too large gets 413" {
	as alice
	group Room bob
	before=$(state)
	{ printf '{"x":"'; head -c 600000 /dev/zero | tr '\0' x; printf '"}'; } >"$BATS_TEST_TMPDIR/bytes"
	{ printf '{"x":"'; head -c 3000000 /dev/zero | tr '\0' x; printf '"}'; } >"$BATS_TEST_TMPDIR/more"
	bodies >"$BATS_TEST_TMPDIR/bodies"
	while read -r method path; do
		raw_call "$method" "$path" application/json "$BATS_TEST_TMPDIR/bytes"
		expect 413 body_too_large
		# Above a megabyte the front door replies itself.
		raw_call "$method" "$path" application/json "$BATS_TEST_TMPDIR/more"
		[ "$reply_status" = 413 ]
	done <"$BATS_TEST_TMPDIR/bodies"
	# Lengths that are false or absurd.
	for length in -1 99999999999999999999 1x; do
		got=$(curl -s -m 5 -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -H "Content-Length: $length" -d '{}' "$URL/v1/receipts" || true)
		[[ $got =~ ^(4[0-9][0-9]|000)$ ]]
	done
	[ "$(state)" = "$before" ]
}

@test "every body: deeply nested JSON leaves the server working" {
	as alice
	group Room bob
	for depth in 60 5000 40000; do
		{ printf '{"client_id":"deep-%d","text":"x","data":{"a":' $depth; head -c $depth /dev/zero | tr '\0' '['; head -c $depth /dev/zero | tr '\0' ']'; printf '}}'; } >"$BATS_TEST_TMPDIR/bytes"
		raw_call POST "/v1/conversations/$room/messages" application/json "$BATS_TEST_TMPDIR/bytes"
		[[ "$reply_status" =~ ^(201|400|413|422)$ ]] || { echo "$depth: $reply_status $reply"; return 1; }
	done
	get /v1/me
	expect 200
}

@test "text: 65536 bytes are accepted, one more is text_too_long" {
	as alice
	group Room bob
	# Texts in ASCII, and in characters of three bytes that are spelled as six.
	for unit in x '\u6f22'; do
		n=$([ "$unit" = x ] && echo 65536 || echo 21845)
		for extra in 0 1; do
			{ printf '{"client_id":"%s-%s","text":"' "$n" $extra; yes "$unit" | head -n "$n" | tr -d '\n'; printf '%.*s' $((extra + (n == 21845))) xx; printf '"}'; } >"$BATS_TEST_TMPDIR/bytes"
			raw_call POST "/v1/conversations/$room/messages" application/json "$BATS_TEST_TMPDIR/bytes"
			if [ $extra = 0 ]; then
				[ "$reply_status" = 201 ] || [ "$unit" != x ] || { echo "$unit: $reply"; return 1; }
				[ "$reply_status" = 413 ] || [ "$(jq -j .text <<<"$reply" | wc -c)" = 65536 ]
			else
				[ "$reply_status" = 413 ]
				[[ $(json .code) =~ ^(text_too_long|body_too_large)$ ]]
			fi
		done
	done
	{ printf '{"client_id":"raw","text":"'; yes 漢 | head -n 21845 | tr -d '\n'; printf 'x"}'; } >"$BATS_TEST_TMPDIR/bytes"
	raw_call POST "/v1/conversations/$room/messages" application/json "$BATS_TEST_TMPDIR/bytes"
	expect 201
	[ "$(jq -j .text <<<"$reply" | wc -c)" = 65536 ]
	{ printf '{"client_id":"raw2","text":"'; yes 漢 | head -n 21845 | tr -d '\n'; printf 'xy"}'; } >"$BATS_TEST_TMPDIR/bytes"
	raw_call POST "/v1/conversations/$room/messages" application/json "$BATS_TEST_TMPDIR/bytes"
	expect 413 text_too_long
}

@test "data: 16 KiB are accepted, one byte more is refused" {
	as alice
	group Room bob
	for size in 16384 16385; do
		{ printf '{"client_id":"d%d","text":"x","data":{"k":"' $size; head -c $((size - 8)) /dev/zero | tr '\0' x; printf '"}}'; } >"$BATS_TEST_TMPDIR/bytes"
		raw_call POST "/v1/conversations/$room/messages" application/json "$BATS_TEST_TMPDIR/bytes"
		if [ $size = 16384 ]; then expect 201; else [ "$reply_status" = 422 ] && [ "$(json '[.code, .field] | join(" ")')" = "invalid_body data" ]; fi
	done
}

# list_of UNIT COUNT: prints data with a list of COUNT units.
list_of() { printf '{"a":['; yes "$1," | head -n "$2" | tr -d '\n'; printf '0]}'; }

@test "data: the most expensive data within the limit is stored by REST and WebSocket, and one byte more is refused" {
	as bob
	as alice
	group Room bob
	listen alice ws
	before=$(psql_banter "select count(*) from messages where conversation_id = $room")
	n=0
	# Short numbers make data largest in jsonb's storage. Large exponents make it largest in its
	# text.
	while read -r unit most; do
		for extra in 0 1; do
			n=$((n + 1))
			list_of "$unit" $((most + extra)) >"$BATS_TEST_TMPDIR/data"
			printf '{"type":"message.send","conversation_id":"%s","client_id":"s%s","text":"x","data":%s}' "$room" $n "$(<"$BATS_TEST_TMPDIR/data")" >"$BATS_TEST_TMPDIR/frame"
			printf '{"client_id":"r%s","text":"x","data":%s}' $n "$(<"$BATS_TEST_TMPDIR/data")" >"$BATS_TEST_TMPDIR/bytes"
			speak alice "$(<"$BATS_TEST_TMPDIR/frame")"
			speak alice "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"beside-$n\",\"text\":\"normal\"}"
			raw_call POST "/v1/conversations/$room/messages" application/json "$BATS_TEST_TMPDIR/bytes"
			heard alice ".type == \"message.sent\" and .client_id == \"beside-$n\""
			if [ $extra = 0 ]; then
				expect 201
				heard alice ".type == \"message.sent\" and .client_id == \"s$n\""
				[ "$(psql_banter "select data_size(data) <= 16384 and octet_length(message_json(m)) < 40000 from messages m where conversation_id = $room and client_id = 'r$n'")" = t ]
			else
				[ "$reply_status $(json '[.code, .field] | join(" ")')" = '422 invalid_body data' ] || { echo "$unit: $reply_status $reply"; return 1; }
				heard alice ".type == \"error\" and .client_id == \"s$n\" and .code == \"invalid_body\" and .field == \"data\""
			fi
		done
	done <<-'TABLE'
		1 8187
		1e308 52
		1e-308 52
		{} 5458
		"" 5458
		12345678901234567890 779
	TABLE
	[ "$(psql_banter "select count(*) from messages where conversation_id = $room")" = $((before + 6 * 2 + 6 * 2)) ]
	# An integer above 2^63 stays an integer.
	post "/v1/conversations/$room/messages" '{"client_id":"large","text":"x","data":{"a":9223372036854775808,"b":-18446744073709551616}}'
	expect 201
	[[ $reply == *9223372036854775808*-18446744073709551616* ]]
}

@test "a message: a field of a wrong type is named in the error" {
	as alice
	group Room bob
	before=$(state)
	while IFS='|' read -r field input; do
		post "/v1/conversations/$room/messages" "$input"
		[ "$reply_status" = 422 ] && [ "$(json '[.code, .field] | join(" ")')" = "invalid_body $field" ] || { echo "$input: $reply_status $reply"; return 1; }
	done <<-TABLE
		client_id|{"text":"x"}
		client_id|{"client_id":"","text":"x"}
		client_id|{"client_id":null,"text":"x"}
		client_id|{"client_id":7,"text":"x"}
		client_id|{"client_id":["a"],"text":"x"}
		client_id|{"client_id":"$(printf 'x%.0s' {1..65})","text":"x"}
		text|{"client_id":"a"}
		text|{"client_id":"a","text":null}
		text|{"client_id":"a","text":7}
		text|{"client_id":"a","text":{}}
		text|{"client_id":"a","text":""}
		data|{"client_id":"a","text":"x","data":[]}
		data|{"client_id":"a","text":"x","data":"y"}
		data|{"client_id":"a","text":"x","data":7}
		reply_to|{"client_id":"a","text":"x","reply_to":7}
		reply_to|{"client_id":"a","text":"x","reply_to":"x"}
		reply_to|{"client_id":"a","text":"x","reply_to":"-1"}
		reply_to|{"client_id":"a","text":"x","reply_to":"0"}
		reply_to|{"client_id":"a","text":"x","reply_to":"9223372036854775808"}
		reply_to|{"client_id":"a","text":"x","reply_to":"1 or 1=1"}
	TABLE
	while IFS='|' read -r field input; do
		post "/v1/conversations/$room/messages" "$input"
		[ "$reply_status" = 422 ] && [ "$(json '[.code, .field] | join(" ")')" = "unknown_field $field" ] || { echo "$input: $reply_status $reply"; return 1; }
	done <<-'TABLE'
		seq|{"client_id":"a","text":"x","seq":7}
		sender_id|{"client_id":"a","text":"x","sender_id":"1"}
		id|{"client_id":"a","text":"x","id":"1"}
		Text|{"client_id":"a","text":"x","Text":"y"}
	TABLE
	# A NUL is refused in every spelling, because the database cannot store it.
	post "/v1/conversations/$room/messages" '{"client_id":"nul","text":"a\u0000b"}'
	[[ "$reply_status $(json .code)" =~ ^(400\ malformed_json|422\ invalid_body)$ ]]
	post "/v1/conversations/$room/messages" '{"client_id":"nul","text":"x","data":{"k":"a\u0000b"}}'
	[[ "$reply_status $(json .code)" =~ ^(400\ malformed_json|422\ invalid_body)$ ]]
	post "/v1/conversations/$room/messages" '{"client_id":"nul","text":"x","data":{"a\u0000":1}}'
	[[ "$reply_status $(json .code)" =~ ^(400\ malformed_json|422\ invalid_body)$ ]]
	[ "$(state)" = "$before" ]
}

@test "text that looks like SQL, HTML, a format or control characters is stored as it is" {
	as alice
	group Room bob
	as bob
	listen bob ws
	as alice
	n=0
	while IFS= read -r text; do
		n=$((n + 1))
		post "/v1/conversations/$room/messages" "{\"client_id\":\"t$n\",\"text\":$text,\"data\":{$text:$text}}"
		expect 201
		[ "$(json .text)" = "$(jq -r . <<<"$text")" ]
		[ "$(jq -c .text <<<"$reply")" = "$(jq -c . <<<"$text")" ]
		[ "$(jq -c '.data | to_entries[0] | [.key, .value]' <<<"$reply")" = "$(jq -c '[., .]' <<<"$text")" ]
		heard bob ".data.client_id == \"t$n\""
		[ "$(jq -c .data.text <<<"$event")" = "$(jq -c . <<<"$text")" ]
	done <<-'TABLE'
		"'; drop table messages; --"
		"$1 $$ || chr(0) %s %n %%"
		"<script>alert(1)</script>"
		"\\ \\\\ \" ' ` \/"
		"line\r\nline\n\ndata: x\nid: y\n\n"
		"\u0001\u0002\u001b[31m\u007f\u0085\u2028\u2029\ufeff\ufffe"
		"\ud83d\ude42 👩‍👩‍👧‍👦 العربية ‮rtl"
		"}{\"type\":\"stream.bye\"},\"cursor\":\"x\"}"
		" leading and trailing "
		"\t"
		"{\"a\":1}"
		"e 1 2 0"
	TABLE
	# Each text is stored unchanged and once, and delivered on the transport whose framing is by
	# lines.
	listen bob-sse sse --token "$(token_of bob)"
	heard bob-sse ".data.client_id == \"t$n\""
	in_order bob-sse "$room" 1 $((n + 1))
	[ "$(events_of bob-sse | jq -c 'select(.type == "message.created") | .data' | md5sum)" = "$(events_of bob | jq -c 'select(.type == "message.created") | .data' | md5sum)" ]
}

@test "unknown paths get 404, and other methods 405" {
	as alice
	while read -r expected method path; do
		call "$method" "$path"
		[ "$reply_status" = "${expected%%:*}" ] && [ "$(json .code)" = "${expected#*:}" ] || { echo "$method $path: $reply_status $reply"; return 1; }
		[ "$reply_status" != 405 ] || [ -n "$(header_of Allow)" ]
	done <<-'TABLE'
		404:route_not_found GET /v1
		404:route_not_found GET /v1/
		404:route_not_found GET /v1/nothing
		404:route_not_found POST /v1/conversations/1/nothing
		404:route_not_found GET /v1/conversations/1/messages/2/3
		404:route_not_found GET /v1/me/
		404:route_not_found GET /v1//me
		404:route_not_found GET /v1/ME
		405:method_not_allowed DELETE /v1/me
		405:method_not_allowed POST /v1/me
		405:method_not_allowed PUT /v1/conversations
		405:method_not_allowed GET /v1/auth/login
		405:method_not_allowed PATCH /v1/devices
		405:method_not_allowed DELETE /v1/conversations/1/messages
	TABLE
}

@test "headers: request ids are returned, and absurd or many headers do no harm" {
	as alice
	header 'X-Request-Id: my-Request_1.x'
	get /v1/me
	[ "$(header_of X-Request-Id)" = my-Request_1.x ]
	for bad in 'has blank' 'semi;colon' "$(printf 'x%.0s' {1..65})" '<script>' 'ü'; do
		header "X-Request-Id: $bad"
		get /v1/nothing
		[ "$reply_status" = 404 ]
		made=$(header_of X-Request-Id)
		[[ $made =~ ^[A-Za-z0-9._-]{1,64}$ && $made != "$bad" ]]
		[ "$(json .request_id)" = "$made" ]
	done
	for name in Cache-Control X-Content-Type-Options; do [ -n "$(header_of $name)" ]; done
	many=()
	for i in {1..60}; do many+=(-H "X-Header-$i: $(printf 'v%.0s' {1..50})"); done
	got=$(curl -s -m 5 -o /dev/null -w '%{http_code}' "${many[@]}" -H "Authorization: Bearer $token" "$URL/v1/me")
	[[ $got =~ ^(200|4[0-9][0-9])$ ]]
	got=$(curl -s -m 5 -o /dev/null -w '%{http_code}' -H "X-Long: $(printf 'v%.0s' {1..30000})" -H "Authorization: Bearer $token" "$URL/v1/me" || true)
	[[ $got =~ ^(4[0-9][0-9]|000)$ ]]
	# Headers that a client must not set: only Authorization authenticates, no header that looks
	# like it.
	got=$(curl -s -m 5 -o /dev/null -w '%{http_code}' -H "Authorization_: Bearer $token" -H "X-Authorization: Bearer $token" "$URL/v1/me")
	[ "$got" = 401 ]
	get /v1/me
	expect 200
}

@test "queries: odd encodings, repeated and unknown parameters cause no server error" {
	as alice
	while IFS='~' read -r expected path; do
		get "$path"
		[[ $reply_status =~ ^($expected)$ ]] || { echo "$path: $reply_status $reply"; return 1; }
	done <<-'TABLE'
		200~/v1/users?unknown=1
		200~/v1/users?
		200~/v1/users?&&
		200~/v1/users?%6cimit=1
		(200|422)~/v1/users?limit=1&limit=2
		(200|422)~/v1/users?limit
		(200|400|422)~/v1/users?prefix=%00
		(200|400|422)~/v1/users?prefix=%ff%fe
		(200|400|422)~/v1/users?prefix=%
		(200|400|422)~/v1/users?prefix=%zz
		(200|422)~/v1/users?prefix=%27%3B%20drop%20table%20users%3B--
		(200|422)~/v1/users?prefix=%25
		(200|422)~/v1/users?after=%F0%9F%99%82
		(400|404|422)~/v1/users/%31%00
		(400|404|422)~/v1/users/%2e%2e%2fme
		(400|404|422)~/v1/users/1%27%20or%201=1
	TABLE
	# A prefix that is longer than any name.
	get "/v1/users?prefix=$(printf 'a%.0s' {1..5000})"
	[[ $reply_status =~ ^(200|422)$ ]]
}

@test "many concurrent broken requests leave the server working" {
	as alice
	group Room bob
	before=$(state)
	seq 1 200 | xargs -P 16 -I{} curl -s -o /dev/null -w '%{http_code}\n' -m 20 -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
		--data-binary '{"client_id":"{}","text":"x","data":{"k":"\u0000"}' "$URL/v1/conversations/$room/messages" | sort | uniq -c >"$BATS_TEST_TMPDIR/codes"
	[ "$(awk '{ print $2 }' "$BATS_TEST_TMPDIR/codes" | paste -sd' ')" = 400 ]
	[ "$(state)" = "$before" ]
	send "and on it goes"
}
