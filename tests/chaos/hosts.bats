# Two hosts with api, push and front door each. Both reach one PostgreSQL and one Redis by TCP.
# SPDX-License-Identifier: MIT

load own
load pair

setup_file() {
	own_state BANTER_API_WORKERS=2 BANTER_PRESENCE_SECONDS=10 BANTER_DRAIN_SECONDS=5
	export PAIR DATABASE_PORT REDIS_PORT OTHER_STATE OTHER_PORT OTHER_PUSH_PORT
	DATABASE_PORT=$(free_port) REDIS_PORT=$(free_port) OTHER_PORT=$(free_port) OTHER_PUSH_PORT=$(free_port)
	PGPORT=$DATABASE_PORT ROOT=$root pair_primary "listen_addresses = '127.0.0.1'" "port = $DATABASE_PORT"
	redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --save '' >"$PAIR/redis.log" 2>&1 3>&- 4>&- &
	echo $! >"$PAIR/redis.pid"
	export BANTER_DATABASE_URL=postgresql://banter@127.0.0.1:$DATABASE_PORT/banter
	export BANTER_DATABASE_OWNER_URL=postgresql://banter_owner@127.0.0.1:$DATABASE_PORT/banter
	export BANTER_REDIS_URL=redis://127.0.0.1:$REDIS_PORT
	"$root/scripts/stack" start 3>&- 4>&-
	OTHER_STATE=$(dirname "$BANTER_STATE")/other.$$
	eval "$("$root/scripts/stack" env)"
	# A second host begins with the key of the first.
	mkdir -p "$OTHER_STATE/secrets"
	chmod 711 "$OTHER_STATE"
	cp -p "$BANTER_STATE/secrets/jwt.key" "$OTHER_STATE/secrets/"
	other start
}
teardown_file() {
	local good=true
	other stop || true
	BANTER_STATE=$OTHER_STATE BANTER_LOG_CHECK=crashes logs_good || good=false
	other reset
	own_stack_end || good=false
	kill "$(<"$PAIR/redis.pid")"
	pair_end
	$good
}
setup() {
	load_helpers
	OTHER_URL=http://127.0.0.1:$OTHER_PORT
}

teardown() {
	streams_end
	if [ -e "$BATS_TEST_TMPDIR/haproxy.pid" ]; then kill "$(<"$BATS_TEST_TMPDIR/haproxy.pid")" || true; fi
}

# other COMMAND…: runs scripts/stack on the second host.
other() {
	env -u BANTER_API_SOCKET -u BANTER_SECRETS_DIR BANTER_STATE="$OTHER_STATE" BANTER_PORT="$OTHER_PORT" BANTER_PUSH_PORT="$OTHER_PUSH_PORT" \
		"$root/scripts/stack" "$@" 3>&- 4>&-
}
other_ready() { [ "$(curl -s -m 5 "$OTHER_URL/readyz" | jq -r .status)" = ok ]; }

# other_breaks PART…: kills these parts of the second host, stops the host, and starts it again,
# while the verifiers send. Then they judge.
other_breaks() {
	local part
	more_stored 60
	for part; do other kill "$part"; done
	more_stored 60
	other stop
	more_stored 60
	other start
	wait_until 30 other_ready
	more_stored 60
	crowd_judges
	sed '$d' "$BATS_TEST_TMPDIR/crowd"
}

# Sends the requests of a test to the second host.
on_other() { local URL=$OTHER_URL; "$@"; }
refused_there() { on_other get /v1/me && [ "$reply_status" = 401 ]; }

@test "two hosts: messages, receipts, typing and presence of one reach streams of the other" {
	as bob
	for transport in "${TRANSPORTS[@]}"; do STREAM_URL=$OTHER_URL listen "$transport" "$transport"; done
	as alice
	listen alice ws
	direct_with bob
	speak ws "{\"type\":\"presence.watch\",\"user_ids\":[\"$(id_of alice)\"]}"
	send "from the first host"
	for transport in "${TRANSPORTS[@]}"; do heard "$transport" '.type == "message.created" and .data.text == "from the first host"'; done
	speak alice "{\"type\":\"typing\",\"conversation_id\":\"$room\"}"
	for transport in ws sse; do heard "$transport" '.type == "typing.updated"'; done
	alice=$(id_of alice)
	heard ws ".type == \"presence.state\" and any(.data.presence[]; .user_id == \"$alice\" and .status == \"online\")"
	heard alice '.type == "receipt.updated"'
	as bob
	on_other send "from the second host"
	heard alice '.type == "message.created" and .data.text == "from the second host"'
	hang_up alice
	heard ws ".type == \"presence.updated\" and .data.user_id == \"$alice\" and .data.status == \"offline\"" 90
}

@test "two hosts: a token of one is valid on the other, and a revocation on one ends streams of the other" {
	as_device bob phone
	STREAM_URL=$OTHER_URL listen other ws
	on_other get /v1/me
	expect 200
	delete "/v1/devices/$device_id"
	expect 204
	closed_with other 4501 3
	wait_until 3 refused_there # each api asks the database every second
	expect 401 device_revoked
}

# hosts_proxy: starts HAProxy as docs/operations.md has it, before both hosts. $proxied is its
# address.
hosts_proxy() {
	local port file=$BATS_TEST_TMPDIR/haproxy
	port=$(free_port)
	documented hosts | sed "s/192.0.2.1:8080/127.0.0.1:$BANTER_PORT/; s/192.0.2.2:8080/127.0.0.1:$OTHER_PORT/; s/bind :80/bind 127.0.0.1:$port/" >"$file.cfg"
	/usr/sbin/haproxy -db -f "$file.cfg" 3>&- 4>&- >"$file.log" 2>&1 &
	echo $! >"$file.pid"
	disown $!
	proxied=http://127.0.0.1:$port
	wait_until 10 curl -sf -o /dev/null "$proxied/healthz" || { cat "$file.log"; return 1; }
}

@test "P2, P3, P5, P6: verify-delivery passes through HAProxy as documented while parts of one host are killed" {
	hosts_proxy
	URL=$proxied verifiers
	other_breaks push
	[ "$(jq '.acknowledged >= 200 and .returns >= 30' <<<"$verdict")" = true ]
	other stop push
	as bob
	for transport in "${TRANSPORTS[@]}"; do
		STREAM_URL=$proxied listen "$transport" "$transport" --reconnect
		hang_up "$transport"
	done
	other start push
}

@test "P2, P3, P5, P6: verify-delivery passes over two hosts while parts of one are killed, and while it is stopped" {
	verifiers --streams "$URL,$OTHER_URL"
	other_breaks push api
	[ "$(jq '.acknowledged >= 200 and .returns >= 60' <<<"$verdict")" = true ]
}
