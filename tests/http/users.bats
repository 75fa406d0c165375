# Users: the caller, one user by id, and users by prefix.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; load ../support/streams; }

@test "me: returns the calling user" {
	as alice
	get /v1/me
	expect 200
	[ "$(json .id)" = "$user_id" ]
	[ "$(json .name)" = "$(name_of alice)" ]
	[[ $(json .created_at) =~ ^[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z$ ]]
	[ "$(json 'has("password_hash")')" = false ]
	as nobody
	get /v1/me
	expect 401 unauthenticated
}

@test "me: the display name can be changed, and others see it" {
	as alice
	patch /v1/me '{"display_name":"Alice in 東京"}'
	expect 200
	[ "$(json .display_name)" = "Alice in 東京" ]
	as bob
	get "/v1/users/$(id_of alice)"
	[ "$(json .display_name)" = "Alice in 東京" ]
	as alice
	for bad in '{"display_name":""}' '{"display_name":null}' '{"display_name":7}' '{}' "{\"display_name\":\"$(printf 'x%.0s' {1..129})\"}"; do
		patch /v1/me "$bad"
		[ "$reply_status" = 422 ] && [ "$(json .code)" = invalid_body ] && [ "$(json .field)" = display_name ] || { echo "$bad: $reply_status $reply"; return 1; }
	done
	patch /v1/me '{"name":"mallory"}'
	expect 422 unknown_field
	[ "$(json .field)" = name ]
	as nobody
	patch /v1/me '{"display_name":"x"}'
	expect 401 unauthenticated
}

@test "get: returns another user" {
	as bob
	as alice
	get "/v1/users/$(id_of bob)"
	expect 200
	[ "$(json .id)" = "$(id_of bob)" ]
	[ "$(json 'keys - ["id","name","display_name","created_at","last_seen"]')" = "[]" ]
	get /v1/users/1
	expect 404 user_not_found
	for bad in abc 0 -5 99999999999999999999 1e3; do
		get "/v1/users/$bad"
		expect 422 invalid_parameter
		[ "$(json .field)" = user_id ]
	done
	as nobody
	get "/v1/users/$(id_of bob)"
	expect 401 unauthenticated
}

@test "list: users by prefix, in the order of names, page by page" {
	as alice
	mark="p$RANDOM$RANDOM"
	for suffix in c a b.x b_y b-z; do
		curl -s -o /dev/null -H 'Content-Type: application/json' -d "{\"name\":\"$mark$suffix\",\"password\":\"correct horse\"}" "$URL/v1/auth/register"
	done
	get "/v1/users?prefix=$mark"
	expect 200
	[ "$(json '.users | length')" = 5 ]
	[ "$(json .has_more)" = false ]
	all=$(json '.users[].name' | paste -sd' ')
	[ "$(tr ' ' '\n' <<<"$all" | LC_ALL=C sort | paste -sd' ')" = "$all" ]
	found="" after=""
	for page in 1 2 3; do
		get "/v1/users?prefix=$mark&limit=2$after"
		expect 200
		found+="$(json '.users[].name' | paste -sd' ') "
		after="&after=$(json '.users[-1].name')"
		[ "$(json .has_more)" = "$([ $page = 3 ] && echo false || echo true)" ]
	done
	[ "$found" = "$all " ]
}

@test "list: a prefix is text, not a pattern" {
	as alice
	for prefix in '%25' '_' '%27' '%5C'; do
		get "/v1/users?prefix=a$prefix"
		[ "$reply_status" = 200 ] || [ "$reply_status" = 422 ]
		[ "$reply_status" = 422 ] || [ "$(json '[.users[] | select(.name | startswith("a_") | not)] | length')" = 0 ]
	done
	get "/v1/users?prefix=nobody.is.called.so"
	expect 200
	[ "$(json '.users | length')" = 0 ]
}

@test "list: bad limits are refused" {
	as alice
	for bad in 0 201 -1 x 1.5 99999999999999999999 ''; do
		get "/v1/users?limit=$bad"
		[ "$reply_status" = 422 ] && [ "$(json .code)" = invalid_parameter ] && [ "$(json .field)" = limit ] || { echo "limit=$bad: $reply_status $reply"; return 1; }
	done
	get "/v1/users?limit=200&unknown=1"
	expect 200
	as nobody
	get /v1/users
	expect 401 unauthenticated
}
