# Members: list, add, remove, leave, roles.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; load ../support/streams; }
teardown() { streams_end; }

add() { post "/v1/conversations/$room/members" "{\"user_ids\":[$(printf '"%s",' "$@" | sed 's/,$//')]}"; }
remove() { delete "/v1/conversations/$room/members/$1"; }
role_of() { get "/v1/conversations/$room/members?limit=200" && json ".members[] | select(.user_id == \"$1\") | .role"; }

@test "list: members by user id, page by page" {
	as alice
	group Five bob carol dora eve
	get "/v1/conversations/$room/members"
	expect 200
	[ "$(json '.members | length')" = 5 ]
	[ "$(json .has_more)" = false ]
	all=$(json '.members[].user_id' | paste -sd' ')
	[ "$(json '.members | map(.user_id | tonumber) | . == sort')" = true ]
	[ "$(json ".members[] | select(.user_id == \"$user_id\") | .role")" = owner ]
	[ "$(json '.members[0] | [.delivered_id, .read_id] | join(" ")')" = "0 0" ]
	found="" after=""
	for page in 1 2 3; do
		get "/v1/conversations/$room/members?limit=2$after"
		expect 200
		found+="$(json '.members[].user_id' | paste -sd' ') "
		after="&after=$(json '.members[-1].user_id')"
		[ "$(json .has_more)" = "$([ $page = 3 ] && echo false || echo true)" ]
	done
	[ "$found" = "$all " ]
	get "/v1/conversations/$room/members?limit=0"
	expect 422 invalid_parameter
	as stranger
	get "/v1/conversations/$room/members"
	expect 403 not_a_member
	as nobody
	get "/v1/conversations/$room/members"
	expect 401 unauthenticated
}

@test "add: owner and admins add many at once, and present members are skipped" {
	as alice
	group Some bob
	add "$(id_of carol)" "$(id_of dora)" "$(id_of bob)" "$(id_of carol)"
	expect 200
	[ "$(json '.members | map(.user_id) | sort == (["'"$(id_of carol)"'","'"$(id_of dora)"'"] | sort)')" = true ]
	get "/v1/conversations/$room"
	[ "$(json .member_count)" = 4 ]
	seq=$(json .last_seq)
	[ "$seq" = 2 ]
	add "$(id_of carol)"
	expect 200
	[ "$(json '.members | length')" = 0 ]
	get "/v1/conversations/$room"
	[ "$(json .last_seq)" = 2 ]
	as bob
	add "$(id_of eve)"
	expect 403 forbidden
	as alice
	patch "/v1/conversations/$room/members/$(id_of bob)" '{"role":"admin"}'
	as bob
	add "$(id_of eve)"
	expect 200
	as stranger
	add "$user_id"
	expect 403 not_a_member
	as nobody
	add 1
	expect 401 unauthenticated
}

@test "add: a refused request adds nobody" {
	as alice
	group Some bob
	add "$(id_of carol)" 1
	expect 404 user_not_found
	for bad in '{"user_ids":[]}' '{"user_ids":["x"]}' '{"user_ids":[1]}' '{"user_ids":"1"}' '{}' '{"user_ids":["0"]}' '{"user_ids":[null]}' '{"user_ids":[["1"]]}'; do
		post "/v1/conversations/$room/members" "$bad"
		[ "$reply_status" = 422 ] && [ "$(json .code)" = invalid_body ] || { echo "$bad: $reply_status $reply"; return 1; }
	done
	# shellcheck disable=SC2046
	add $(seq 1000 1200)
	[ "$reply_status" = 422 ]
	get "/v1/conversations/$room"
	[ "$(json '[.member_count, .last_seq] | join(" ")')" = "2 1" ]
	direct_with bob
	add "$(id_of carol)"
	expect 409 direct_conversation
}

@test "add: a late joiner of a 'joined' group sees nothing from before, of a 'full' group all" {
	as alice
	for history in joined full; do
		post /v1/conversations "{\"kind\":\"group\",\"title\":\"$history\",\"members\":[],\"history\":\"$history\"}"
		room=$(json .id)
		send before
		old=$message
		as carol
		as alice
		add "$(id_of carol)"
		send after
		as carol
		get "/v1/conversations/$room/messages"
		expect 200
		if [ $history = full ]; then
			[ "$(json '.messages | map(.text) | join(" ")')" = "before after" ]
			get "/v1/conversations/$room/messages/$old"
			expect 200
		else
			[ "$(json '.messages | map(.text) | join(" ")')" = after ]
			[ "$(json .has_more)" = false ]
			get "/v1/conversations/$room/messages/$old"
			expect 404 message_not_found
			get "/v1/conversations/$room/messages?before=$old"
			expect 422 unknown_anchor
			get "/v1/conversations/$room/messages/$old/receipts"
			expect 404 message_not_found
			post "/v1/conversations/$room/messages" "{\"client_id\":\"r\",\"text\":\"x\",\"reply_to\":\"$old\"}"
			expect 422 unknown_reply
		fi
		get "/v1/conversations/$room"
		[ "$(json '[.unread_count, .message_count] | join(" ")')" = "1 2" ]
		as alice
	done
}

@test "remove: owner and admins remove members below them, and anybody leaves" {
	as alice
	group Ranks bob carol dora
	patch "/v1/conversations/$room/members/$(id_of bob)" '{"role":"admin"}'
	patch "/v1/conversations/$room/members/$(id_of carol)" '{"role":"admin"}'
	as dora
	remove "$(id_of carol)"
	expect 403 forbidden
	as bob
	remove "$(id_of alice)"
	expect 403 forbidden
	remove "$(id_of carol)"
	expect 403 forbidden
	remove "$(id_of dora)"
	expect 204
	as dora
	get "/v1/conversations/$room"
	expect 403 not_a_member
	as carol
	remove "$user_id"
	expect 204
	as alice
	remove "$(id_of dora)"
	expect 404 member_not_found
	remove "$(id_of stranger)"
	expect 404 member_not_found
	remove 1
	expect 404 member_not_found
	remove x
	expect 422 invalid_parameter
	get "/v1/conversations/$room"
	[ "$(json .member_count)" = 2 ]
	as stranger
	remove "$(id_of alice)"
	expect 403 not_a_member
	as nobody
	remove 1
	expect 401 unauthenticated
	as alice
	direct_with bob
	remove "$(id_of bob)"
	expect 409 direct_conversation
}

@test "leave: after the owner leaves, the admin who joined first is the owner" {
	as alice
	group Heirs bob carol dora
	patch "/v1/conversations/$room/members/$(id_of carol)" '{"role":"admin"}'
	patch "/v1/conversations/$room/members/$(id_of dora)" '{"role":"admin"}'
	post "/v1/conversations/$room/leave"
	expect 204
	get "/v1/conversations/$room"
	expect 403 not_a_member
	post "/v1/conversations/$room/leave"
	expect 403 not_a_member
	as bob
	get "/v1/conversations/$room/members"
	[ "$(json '[.members[] | select(.role == "owner")] | length')" = 1 ]
	owner=$(json '.members[] | select(.role == "owner") | .user_id')
	[ "$owner" = "$(id_of carol)" ] || [ "$owner" = "$(id_of dora)" ]
	as nobody
	post "/v1/conversations/$room/leave"
	expect 401 unauthenticated
	as alice
	direct_with bob
	post "/v1/conversations/$room/leave"
	expect 409 direct_conversation
}

@test "leave: the last member may leave, and a group without admins goes to the member who joined first" {
	as alice
	group Small bob
	post "/v1/conversations/$room/leave"
	expect 204
	as bob
	[ "$(role_of "$user_id")" = owner ]
	post "/v1/conversations/$room/leave"
	expect 204
	get "/v1/conversations/$room"
	expect 403 not_a_member
}

@test "roles: only the owner sets them, and a former owner becomes an admin" {
	as alice
	group Roles bob carol
	patch "/v1/conversations/$room/members/$(id_of bob)" '{"role":"admin"}'
	expect 200
	[ "$(json '[.user_id, .role] | join(" ")')" = "$(id_of bob) admin" ]
	as bob
	patch "/v1/conversations/$room/members/$(id_of carol)" '{"role":"admin"}'
	expect 403 forbidden
	as carol
	patch "/v1/conversations/$room/members/$(id_of carol)" '{"role":"owner"}'
	expect 403 forbidden
	as alice
	patch "/v1/conversations/$room/members/$(id_of carol)" '{"role":"owner"}'
	expect 200
	[ "$(role_of "$(id_of carol)")" = owner ]
	[ "$(role_of "$(id_of alice)")" = admin ]
	patch "/v1/conversations/$room/members/$(id_of bob)" '{"role":"member"}'
	expect 403 forbidden
	as carol
	patch "/v1/conversations/$room/members/$(id_of bob)" '{"role":"member"}'
	expect 200
	patch "/v1/conversations/$room/members/$(id_of stranger)" '{"role":"member"}'
	expect 404 member_not_found
	for bad in '{"role":"king"}' '{"role":null}' '{}' '{"role":1}'; do
		patch "/v1/conversations/$room/members/$(id_of bob)" "$bad"
		expect 422 invalid_body
		[ "$(json .field)" = role ]
	done
	as stranger
	patch "/v1/conversations/$room/members/$(id_of bob)" '{"role":"admin"}'
	expect 403 not_a_member
	as nobody
	patch "/v1/conversations/$room/members/1" '{"role":"admin"}'
	expect 401 unauthenticated
	as alice
	direct_with bob
	patch "/v1/conversations/$room/members/$(id_of bob)" '{"role":"admin"}'
	expect 409 direct_conversation
}

@test "rejoin: a member who is added again begins a new membership" {
	as alice
	post /v1/conversations "{\"kind\":\"group\",\"title\":\"again\",\"members\":[\"$(id_of bob)\"],\"history\":\"joined\"}"
	room=$(json .id)
	send one
	remove "$(id_of bob)"
	send two
	add "$(id_of bob)"
	expect 200
	[ "$(json '.members[0].user_id')" = "$(id_of bob)" ]
	send three
	as bob
	get "/v1/conversations/$room/messages"
	expect 200
	[ "$(json '.messages | map(.text) | join(" ")')" = three ]
	get "/v1/conversations/$room"
	[ "$(json '[.unread_count, .member_count] | join(" ")')" = "1 2" ]
}

@test "P6: a removed member is refused by every route of the conversation" {
	as alice
	group Closed bob carol
	send hello
	remove "$(id_of bob)"
	expect 204
	as bob
	base=/v1/conversations/$room
	while read -r method path input; do
		# shellcheck disable=SC2086
		call "$method" "$base${path%/}" ${input:+"$input"}
		[ "$reply_status" = 403 ] && [ "$(json .code)" = not_a_member ] || { echo "$method $path: $reply_status $reply"; return 1; }
	done <<-TABLE
		GET /
		PATCH / {"title":"x"}
		DELETE /
		POST /leave
		GET /members
		POST /members {"user_ids":["$user_id"]}
		PATCH /members/$(id_of carol) {"role":"admin"}
		DELETE /members/$(id_of carol)
		GET /messages
		POST /messages {"client_id":"x","text":"x"}
		GET /messages/$message
		GET /messages/$message/receipts
		POST /read {"message_id":"$message"}
		POST /typing
	TABLE
	post /v1/receipts "{\"receipts\":[{\"conversation_id\":\"$room\",\"read\":\"$message\"}]}"
	expect 200
	[ "$(json '[.updated, .skipped[0]] | join(" ")')" = "0 $room" ]
	get /v1/conversations
	[ "$(json "[.conversations[].id] | contains([\"$room\"])")" = false ]
}
