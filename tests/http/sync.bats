# Sync: a snapshot to start from, and the events that were missed since a cursor.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; load ../support/streams; }
teardown() { streams_end; }

missed() { json ".events | map(select(.conversation_id == \"$room\")) | map(.seq) | join(\" \")"; }

@test "snapshot: has the user, the inbox and a cursor" {
	as alice
	group Room bob
	send hi
	as bob
	get /v1/sync
	expect 200
	[ "$(json '[.user.id, .conversations[0].id, .conversations[0].unread_count, .conversations[0].last_message.text, .has_more] | join(" ")')" = "$user_id $room 1 hi false" ]
	[ "$(json 'has("reset")')" = false ]
	[[ $(json .cursor) =~ ^[A-Za-z0-9_-]{1,1023}$ ]]
	[[ $(json .server_time) =~ Z$ ]]
	as nobody
	get /v1/sync
	expect 401 unauthenticated
}

@test "snapshot: limit sets the size of the inbox page" {
	as carol
	for i in 1 2 3; do group "G$i" bob; done
	get "/v1/sync?limit=2"
	expect 200
	[ "$(json '[(.conversations | length), .has_more] | join(" ")')" = "2 true" ]
	for bad in 0 201 x; do
		get "/v1/sync?limit=$bad"
		expect 422 invalid_parameter
	done
}

@test "a stream continues from the snapshot's cursor without a gap, on each transport" {
	as alice
	group Room bob
	send before
	for transport in "${TRANSPORTS[@]}"; do
		as bob
		get /v1/sync
		cursor=$(json .cursor) last=$(json ".conversations[] | select(.id == \"$room\") | .last_seq")
		as alice
		send "between-$transport"
		as bob
		listen "$transport" "$transport" --since "$cursor"
		heard "$transport" ".data.text == \"between-$transport\""
		as alice
		fence "$transport"
		# A snapshot may be a little newer than its cursor. Events that are newer than the
		# snapshot arrive once and in order.
		[ "$(seqs "$transport" "$room" | tr ' ' '\n' | awk -v last="$last" '$1 > last' | paste -sd' ')" = "$((last + 1)) $((last + 2))" ]
	done
}

@test "missed: the events after a cursor are returned in order, page by page" {
	as alice
	group Room bob
	as bob
	get /v1/sync
	cursor=$(json .cursor)
	as alice
	for i in {1..7}; do send "m$i"; done
	as bob
	get "/v1/sync?since=$cursor&limit=200"
	expect 200
	all=$(missed)
	[[ " $all" == *" 2 3 4 5 6 7 8" ]]
	[ "$(json '[.has_more, has("reset")] | join(" ")')" = "false false" ]
	[ "$(json '[.events[] | has("cursor")] | all')" = true ]
	found="" since=$cursor pages=0 more=true
	while [ "$more" = true ]; do
		get "/v1/sync?since=$since&limit=3"
		expect 200
		[ "$(json '.events | length')" -le 3 ]
		found+="$(missed) "
		since=$(json .cursor) more=$(json .has_more) pages=$((pages + 1))
		[ $pages -lt 10 ]
	done
	[ "$(tr -s ' ' <<<"$found")" = "$all " ] || [ "$(tr -s ' ' <<<"$found" | sed 's/ *$//')" = "$all" ]
	get "/v1/sync?since=$since"
	[ "$(json '[(.events | length), .has_more] | join(" ")')" = "0 false" ]
}

@test "missed: a page of long messages ends at a mebibyte, and the next one continues" {
	as alice
	group Room bob
	as bob
	get /v1/sync
	cursor=$(json .cursor)
	psql_banter "select count(*) from generate_series(1, 20) n, message_send($room, $(id_of alice), 'long-' || n, repeat('x', 64000), null, null)" >/dev/null
	found="" pages=0 more=true
	while [ "$more" = true ]; do
		get "/v1/sync?since=$cursor&limit=200"
		expect 200
		[ ${#reply} -le 1100000 ]
		found+="$(missed) "
		cursor=$(json .cursor) more=$(json .has_more) pages=$((pages + 1))
		[ $pages -lt 5 ]
	done
	[ $pages = 2 ]
	[[ " $found" == *" $(seq -s ' ' 2 21) " ]]
}

@test "missed: the cursor of each event continues right behind it" {
	as alice
	group Room bob
	as bob
	get /v1/sync
	cursor=$(json .cursor)
	as alice
	for i in 1 2 3; do send "m$i"; done
	as bob
	get "/v1/sync?since=$cursor"
	middle=$(json '.events[] | select(.data.text == "m2") | .cursor')
	get "/v1/sync?since=$middle"
	[ "$(json '.events | map(.data.text) | join(" ")')" = m3 ]
	listen bob ws --since "$middle"
	as alice
	fence bob
	[ "$(texts bob "$room" | cut -d' ' -f1)" = m3 ]
	in_order bob "$room" 4 5
}

@test "a cursor that is invalid gets 422, and one of another database is reset" {
	as alice
	group Room bob
	for bad in x AQ AA "$(printf 'A%.0s' {1..1100})" 'a.b' '%27'; do
		get "/v1/sync?since=$bad"
		[ "$reply_status" = 422 ] && [[ $(json .code) =~ ^invalid_(cursor|parameter)$ ]] || { echo "$bad: $reply_status $reply"; return 1; }
	done
	# A cursor of version 1 without exceptions, whose base is forty years ahead (63 bits hold
	# 69).
	ahead=$(node -e '
		const bytes = [1];
		for (let value of [BigInt(1000 * 86400 * 365 * 40) << 22n, 0n])
			do { bytes.push(Number(value & 127n) | (value > 127n ? 128 : 0)); value >>= 7n } while (value);
		console.log(Buffer.from(bytes).toString("base64url"))')
	get "/v1/sync?since=$ahead"
	expect 200
	[ "$(json '[.reset, .user.id] | join(" ")')" = "ahead $user_id" ]
	for transport in "${TRANSPORTS[@]}"; do
		listen "ahead-$transport" "$transport" --since "$ahead"
		heard "ahead-$transport" '.type == "stream.reset" and .data.reason == "ahead"'
		listen "bad-$transport" "$transport" --since nonsense
		heard "bad-$transport" '.type == "stream.reset" and .data.reason == "invalid_cursor"'
		fence "ahead-$transport" "bad-$transport"
	done
}

# forge NUMBER…: prints a cursor of the incarnation of $reply, with these numbers behind it.
forge() {
	node -e '
		const whole = [...Buffer.from(process.argv[1], "base64url")], out = [];
		let incarnation = 0n, at = 1, shift = 0n;
		do { incarnation |= BigInt(whole[at] & 127) << shift; shift += 7n; } while (whole[at++] & 128);
		for (let value of [2n, incarnation, ...process.argv.slice(2).map(BigInt)])
			do { out.push(Number(value & 127n) | (value > 127n ? 128 : 0)); value >>= 7n; } while (value);
		console.log(Buffer.from(out).toString("base64url"))' "$(json .cursor)" "$@"
}

@test "a forged cursor: a pass that ends in the future is reset" {
	as alice
	group Room bob
	as bob
	get /v1/sync
	forged=$(forge 0 0 0 0 $((1 << 62)) 1 1)
	get "/v1/sync?since=$forged"
	expect 200
	[ "$(json .reset)" = ahead ]
	for transport in "${TRANSPORTS[@]}"; do
		listen "pass-$transport" "$transport" --since "$forged"
		heard "pass-$transport" '.type == "stream.reset" and .data.reason == "ahead"'
	done
}

@test "a forged cursor: an exception of id 0, with a place of reading and a pass, is handled" {
	as alice
	group Room bob
	send one
	listen alice ws
	as bob
	get /v1/sync
	end=$((1 << 62))
	forged=$(forge 0 1 $((2 ** 63 - 1)) 0 1 0 1 5 0 0 0 $end 1 $end)
	get "/v1/sync?since=$forged"
	expect 422 invalid_cursor
	for transport in "${TRANSPORTS[@]}"; do
		listen "forged-$transport" "$transport" --since "$forged"
		heard "forged-$transport" '.type == "stream.reset" and .data.reason == "invalid_cursor"'
	done
	as alice
	fence alice
	[ "$(notes_of alice | grep -c '"closed"')" = 0 ]
}

@test "missed: a member who was removed while disconnected gets the removal, and nothing after it" {
	as alice
	group Room bob
	as bob
	get /v1/sync
	cursor=$(json .cursor)
	as alice
	send before
	delete "/v1/conversations/$room/members/$(id_of bob)"
	send after
	as bob
	get "/v1/sync?since=$cursor"
	[ "$(json ".events | map(select(.conversation_id == \"$room\" and .seq > 1)) | map(.type) | join(\" \")")" = "message.created member.removed" ]
	for transport in "${TRANSPORTS[@]}"; do
		listen "bob-$transport" "$transport" --since "$cursor"
		heard "bob-$transport" ".type == \"member.removed\" and .conversation_id == \"$room\""
	done
	# Once a later event of another conversation has arrived, nothing more follows from this
	# one.
	as bob
	group Elsewhere alice
	send x
	for transport in "${TRANSPORTS[@]}"; do
		heard "bob-$transport" ".conversation_id == \"$room\" and .data.text == \"x\""
		not_heard "bob-$transport" '.data.text == "after"'
	done
}

@test "missed: a user who was added while disconnected gets conversation.created and the later events" {
	as alice
	post /v1/conversations '{"kind":"group","title":"late","members":[],"history":"joined"}'
	room=$(json .id)
	send before
	as bob
	get /v1/sync
	cursor=$(json .cursor)
	as alice
	post "/v1/conversations/$room/members" "{\"user_ids\":[\"$(id_of bob)\"]}"
	send after
	for transport in "${TRANSPORTS[@]}"; do
		as bob
		listen "bob-$transport" "$transport" --since "$cursor"
		heard "bob-$transport" ".data.text == \"after\" and .conversation_id == \"$room\""
		in_order "bob-$transport" "$room" 3 4
		[ "$(events_of "bob-$transport" | jq -r "select(.conversation_id == \"$room\") | .type" | paste -sd' ')" = "conversation.created message.created" ]
		[ "$(events_of "bob-$transport" | jq -r "select(.conversation_id == \"$room\" and .seq == 3) | [.data.role, .data.title] | join(\" \")")" = "member late" ]
	done
}
