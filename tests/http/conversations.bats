# Conversations: direct ones, groups, the inbox, rename, delete.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; load ../support/streams; }
teardown() { streams_end; }

others() { printf '"%s",' "$@" | sed 's/,$//'; }

@test "direct: two users have one direct conversation, whoever creates it" {
	as alice
	post /v1/conversations "{\"kind\":\"direct\",\"user_id\":\"$(id_of bob)\"}"
	expect 201
	room=$(json .id)
	[ "$(json '[.kind, .member_count, .role, .unread_count, .message_count, .last_seq] | join(" ")')" = "direct 2 member 0 0 1" ]
	[ "$(json .peer.id)" = "$(id_of bob)" ]
	[ "$(json '.members | map(.user_id) | join(" ")')" = "$(id_of bob)" ]
	[ "$(json 'has("title")')" = false ]
	[ "$(json .created_by)" = "$user_id" ]
	post /v1/conversations "{\"kind\":\"direct\",\"user_id\":\"$(id_of bob)\"}"
	expect 200
	[ "$(json .id)" = "$room" ]
	as bob
	post /v1/conversations "{\"kind\":\"direct\",\"user_id\":\"$(id_of alice)\"}"
	expect 200
	[ "$(json .id)" = "$room" ]
	[ "$(json .peer.id)" = "$(id_of alice)" ]
}

@test "direct: twenty concurrent requests from both users create one" {
	as dora
	as eve
	for i in {1..20}; do
		if [ $((i % 2)) = 0 ]; then who=dora other=eve; else who=eve other=dora; fi
		curl -s -w '\n%{http_code}\n' -H "Authorization: Bearer $(token_of $who)" -H 'Content-Type: application/json' \
			-d "{\"kind\":\"direct\",\"user_id\":\"$(id_of $other)\"}" "$URL/v1/conversations" >"$BATS_TEST_TMPDIR/race.$i" &
		racers+=($!)
	done
	wait "${racers[@]}"
	[ "$(tail -qn 1 "$BATS_TEST_TMPDIR"/race.* | grep -c 201)" = 1 ]
	[ "$(tail -qn 1 "$BATS_TEST_TMPDIR"/race.* | grep -c 200)" = 19 ]
	[ "$(head -qn 1 "$BATS_TEST_TMPDIR"/race.* | jq -r .id | sort -u | wc -l)" = 1 ]
}

@test "direct: with oneself or an unknown user it is refused" {
	as alice
	post /v1/conversations "{\"kind\":\"direct\",\"user_id\":\"$user_id\"}"
	expect 422 invalid_body
	post /v1/conversations '{"kind":"direct","user_id":"1"}'
	expect 404 user_not_found
	as nobody
	post /v1/conversations '{"kind":"direct","user_id":"1"}'
	expect 401 unauthenticated
}

@test "group: its creator is the owner" {
	as alice
	post /v1/conversations "{\"kind\":\"group\",\"title\":\"Mittag 🍜\",\"members\":[$(others "$(id_of bob)" "$(id_of carol)")],\"history\":\"joined\"}"
	expect 201
	[ "$(json '[.kind, .title, .history, .member_count, .role, .last_seq] | join(" ")')" = "group Mittag 🍜 joined 3 owner 1" ]
	[ "$(json '.members | map(.role) | unique | join(" ")')" = member ]
	room=$(json .id)
	as carol
	get "/v1/conversations/$room"
	expect 200
	[ "$(json .role)" = member ]
	[ "$(json '.members | length')" = 2 ]
	as alice
	post /v1/conversations '{"kind":"group","title":"alone","members":[]}'
	expect 201
	[ "$(json '[.member_count, .history] | join(" ")')" = "1 full" ]
}

@test "group: repeated members and the creator among the members count once" {
	as alice
	post /v1/conversations "{\"kind\":\"group\",\"title\":\"x\",\"members\":[$(others "$user_id" "$(id_of bob)" "$(id_of bob)")]}"
	expect 201
	[ "$(json .member_count)" = 2 ]
	[ "$(json .role)" = owner ]
}

@test "group: a refused request creates nothing" {
	as alice
	count() { psql_banter 'select count(*) from conversations'; }
	before=$(count)
	post /v1/conversations "{\"kind\":\"group\",\"title\":\"x\",\"members\":[$(others "$(id_of bob)" 1)]}"
	expect 404 user_not_found
	many=$(printf '"%d",' {1000..1200})
	post /v1/conversations "{\"kind\":\"group\",\"title\":\"x\",\"members\":[${many%,}]}"
	[ "$reply_status" = 422 ]
	[[ $(json .code) =~ ^(too_many_members|invalid_body)$ ]]
	for bad in '{"kind":"group","members":[]}' '{"kind":"group","title":"","members":[]}' '{"kind":"group","title":7,"members":[]}' '{"kind":"group","title":"x"}' \
		'{"kind":"group","title":"x","members":"1"}' '{"kind":"group","title":"x","members":[1]}' '{"kind":"group","title":"x","members":["x"]}' \
		'{"kind":"group","title":"x","members":[],"history":"some"}' '{"kind":"party","title":"x","members":[]}' '{"kind":"direct"}' '{}' \
		"{\"kind\":\"group\",\"title\":\"$(printf 'x%.0s' {1..257})\",\"members\":[]}" '{"kind":"direct","user_id":"-1"}' '{"kind":"direct","user_id":5}'; do
		post /v1/conversations "$bad"
		[ "$reply_status" = 422 ] && [ "$(json .code)" = invalid_body ] || { echo "$bad: $reply_status $reply"; return 1; }
	done
	for bad in '{"kind":"direct","user_id":"'"$(id_of bob)"'","title":"x"}' '{"kind":"group","title":"x","members":[],"user_id":"1"}' '{"kind":"group","title":"x","members":[],"x":1}'; do
		post /v1/conversations "$bad"
		[ "$reply_status" = 422 ] || { echo "$bad: $reply_status $reply"; return 1; }
	done
	[ "$(count)" = "$before" ]
}

@test "get: strangers get the same error for existing and unknown conversations" {
	as alice
	group Secret bob
	for method in get patch delete; do
		as stranger
		for id in "$room" 1 9223372036854775807; do
			case $method in
			get) get "/v1/conversations/$id" ;;
			patch) patch "/v1/conversations/$id" '{"title":"mine"}' ;;
			delete) delete "/v1/conversations/$id" ;;
			esac
			expect 403 not_a_member
			jq -S 'del(.request_id)' <<<"$reply" >>"$BATS_TEST_TMPDIR/$method"
		done
		[ "$(jq -cS . "$BATS_TEST_TMPDIR/$method" | sort -u | wc -l)" = 1 ]
		as nobody
		call "${method^^}" "/v1/conversations/$room"
		expect 401 unauthenticated
	done
	as alice
	for bad in abc 0 -1 99999999999999999999; do
		get "/v1/conversations/$bad"
		expect 422 invalid_parameter
		[ "$(json .field)" = conversation_id ]
	done
}

@test "inbox: lists the most recently active first, with last message, unread and mention counts" {
	as frank
	group One gina
	one=$room
	group Two gina
	two=$room
	as gina
	get /v1/conversations
	expect 200
	[ "$(json '.conversations | map(.id) | join(" ")')" = "$two $one" ]
	as frank
	room=$one
	send "first"
	send "hello @$(name_of gina) and @nobody"
	send "last"
	as gina
	get /v1/conversations
	[ "$(json '.conversations | map(.id) | join(" ")')" = "$one $two" ]
	[ "$(json '.conversations[0] | [.unread_count, .mention_count, .message_count, .last_message.text] | join(" ")')" = "3 1 3 last" ]
	[ "$(json '.conversations[1] | [.unread_count, .mention_count, has("last_message")] | join(" ")')" = "0 0 false" ]
	[ "$(json '.conversations[0].last_message | has("status")')" = false ]
	[ "$(json '.conversations[0].members[0].name')" = "$(name_of frank)" ]
	[ "$(json '.conversations | map(.activity_id | tonumber) | . == (sort | reverse)')" = true ]
	as frank
	get /v1/conversations
	[ "$(json '.conversations[0] | [.unread_count, .mention_count] | join(" ")')" = "0 0" ]
}

@test "inbox: pages continue without a gap" {
	as hugo
	for i in {1..7}; do group "G$i" ida; rooms="$room $rooms"; done
	found="" before="" pages=0
	while :; do
		get "/v1/conversations?limit=3$before"
		expect 200
		found+="$(json '.conversations[].id' | paste -sd' ') "
		pages=$((pages + 1))
		[ "$(json .has_more)" = true ] || break
		before="&$(json '.conversations[-1] | "before=\(.activity_id)&before_id=\(.id)"')"
	done
	[ "$found" = "$rooms" ]
	[ $pages = 3 ]
	for bad in 0 201 x; do
		get "/v1/conversations?limit=$bad"
		expect 422 invalid_parameter
	done
	get "/v1/conversations?before=x"
	expect 422 invalid_parameter
	[ "$(json .field)" = before ]
	get "/v1/conversations?before_id=$room"
	expect 422 invalid_parameter
	[ "$(json .field)" = before_id ]
	as nobody
	get /v1/conversations
	expect 401 unauthenticated
}

@test "rename: owner and admins may, and only groups" {
	as alice
	group Old bob carol
	patch "/v1/conversations/$room/members/$(id_of bob)" '{"role":"admin"}'
	expect 200
	patch "/v1/conversations/$room" '{"title":"New"}'
	expect 200
	[ "$(json .title)" = New ]
	as bob
	patch "/v1/conversations/$room" '{"title":"Newer"}'
	expect 200
	as carol
	patch "/v1/conversations/$room" '{"title":"Mine"}'
	expect 403 forbidden
	get "/v1/conversations/$room"
	[ "$(json .title)" = Newer ]
	for bad in '{"title":""}' '{"title":null}' '{}' '{"title":["x"]}' "{\"title\":\"$(printf 'x%.0s' {1..257})\"}"; do
		as alice
		patch "/v1/conversations/$room" "$bad"
		[ "$reply_status" = 422 ] && [ "$(json .code)" = invalid_body ] && [ "$(json .field)" = title ] || { echo "$bad: $reply_status $reply"; return 1; }
	done
	patch "/v1/conversations/$room" '{"title":"x","kind":"direct"}'
	expect 422 unknown_field
	direct_with bob
	patch "/v1/conversations/$room" '{"title":"x"}'
	expect 409 direct_conversation
}

@test "delete: the owner may, and then the conversation is unknown" {
	as alice
	group Gone bob carol
	send hi
	patch "/v1/conversations/$room/members/$(id_of bob)" '{"role":"admin"}'
	as bob
	delete "/v1/conversations/$room"
	expect 403 forbidden
	as carol
	delete "/v1/conversations/$room"
	expect 403 forbidden
	as alice
	delete "/v1/conversations/$room"
	expect 204
	for who in alice bob carol; do
		as $who
		get "/v1/conversations/$room"
		expect 403 not_a_member
		get "/v1/conversations/$room/messages"
		expect 403 not_a_member
		get "/v1/conversations/$room/messages/$message"
		expect 403 not_a_member
		post "/v1/conversations/$room/messages" '{"client_id":"late","text":"x"}'
		expect 403 not_a_member
		get "/v1/conversations/$room/members"
		expect 403 not_a_member
		get /v1/conversations
		[ "$(json "[.conversations[].id] | contains([\"$room\"])")" = false ]
	done
	as alice
	delete "/v1/conversations/$room"
	expect 403 not_a_member
	direct_with bob
	delete "/v1/conversations/$room"
	expect 409 direct_conversation
}
