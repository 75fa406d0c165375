# State that is not replayed, after a break of the connection to Redis: presence, watch lists,
# marks, last_seen.
# SPDX-License-Identifier: MIT

load own

setup_file() { own_stack BANTER_PRESENCE_SECONDS=20; }
teardown() {
	stack kill push CONT || true
	streams_end
	stack start redis 3>&- 4>&-
}

watch() { put /v1/presence/watch "{\"user_ids\":[$([ $# = 0 ] || printf '"%s",' "$@" | sed 's/,$//')]}"; expect 200; }
status_of() { echo ".type == \"presence.updated\" and .data.user_id == \"$1\" and .data.status == \"$2\""; }
beat() { post /v1/presence/heartbeat "{\"status\":\"$1\"}"; expect 204; }
read_to() { post "/v1/conversations/$room/read" "{\"message_id\":\"$1\"}"; expect 200; }
seen() { [ -n "$(psql_banter "select last_seen from users where id = $1")" ]; }
seen_after() { [ "$(psql_banter "select last_seen > to_timestamp($2 / 1000.0) from users where id = $1")" = t ]; }
# Cuts push off from Redis: notifications are lost until the subscription is restored.
cut_off() {
	stack kill push STOP
	redis client kill type pubsub >/dev/null
	redis client kill type normal skipme yes >/dev/null
}

@test "ephemeral: changes while the subscription is broken are reported after it is restored" {
	as bob; beat online
	as dora; beat away
	as alice
	group Room bob carol dora
	send one; first=$message
	watch "$(id_of bob)" "$(id_of dora)"
	listen alice ws
	as_device alice phone
	listen phone ws
	as alice
	fence alice phone
	cut_off
	as bob; read_to "$first"; beat away
	as alice; read_to "$message"
	watch "$(id_of carol)" "$(id_of bob)" # by another way than the one that is cut off
	as carol; beat online
	stack kill push CONT
	heard alice "$(status_of "$(id_of bob)" away)" 15
	heard alice ".type == \"presence.state\" and any(.data.presence[]; .user_id == \"$(id_of carol)\" and .status == \"online\")" 15
	heard phone ".type == \"conversation.read\" and .data.read_id == \"$message\" and .data.unread_count == 0" 15
	heard alice ".type == \"receipt.updated\" and any(.data.receipts[]?; .user_id == \"$(id_of bob)\" and .read_id == \"$first\")" 15
	# and changes of users on a replaced list are not delivered any more
	as dora; beat online; beat away
	as carol; beat away
	heard alice "$(status_of "$(id_of carol)" away)"
	not_heard alice "$(status_of "$(id_of dora)" online)"
}

@test "ephemeral: a watch list that is emptied while the subscription is broken stays empty" {
	as bob; beat online
	as alice
	group Room bob
	watch "$(id_of bob)"
	listen alice ws
	heard alice '.type == "presence.state"'
	cut_off
	watch
	stack kill push CONT
	listeners() { [ "$(redis pubsub numsub "${BANTER_REDIS_PREFIX:-banter:}p:$(id_of bob)" | tail -n 1)" = 0 ]; }
	wait_until 15 listeners
}

@test "ephemeral: after Redis lost its data, users who left are reported offline with last_seen, and users who stayed are not" {
	as alice
	group Room bob carol
	watch "$(id_of bob)" "$(id_of carol)"
	as bob; listen bob ws
	as carol; listen carol sse
	as alice; listen alice ws
	online() { redis --raw hvals "${BANTER_REDIS_PREFIX:-banter:}presence:$(id_of "$1")" | grep -q online; }
	wait_until 5 online bob
	wait_until 5 online carol
	speak alice "{\"type\":\"presence.watch\",\"user_ids\":[\"$(id_of bob)\",\"$(id_of carol)\"]}"
	heard alice '.type == "presence.state" and ([.data.presence[].status] == ["online", "online"])'
	stack stop redis
	gone=$(now_ms)
	hang_up bob
	stack start redis 3>&- 4>&-
	heard alice "$(status_of "$(id_of bob)" offline)" 20
	wait_until 10 seen_after "$(id_of bob)" "$gone"
	not_heard alice "$(status_of "$(id_of carol)" offline)"
}

@test "ephemeral: last_seen is stored after the database recovers" {
	as erin; beat online
	stack kill postgres STOP
	forgotten() { [ "$(redis exists "${BANTER_REDIS_PREFIX:-banter:}presence:$(id_of erin)")" = 0 ]; }
	wait_until 60 forgotten
	stack kill postgres CONT
	wait_until 30 seen "$(id_of erin)"
}
