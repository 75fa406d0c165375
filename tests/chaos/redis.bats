# A Redis elsewhere: with a password or an ACL, over TLS, in a database of its own, full, or a
# replica.
# SPDX-License-Identifier: MIT

load own

setup_file() {
	own_state
	port=$(free_port) tls_port=$(free_port)
	export PLACE
	PLACE=$(dirname "$BANTER_STATE")/redis.$$ # where the programs' user can read
	local place=$PLACE
	mkdir "$place"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=test' -keyout "$place/ca.key" -out "$place/ca.pem" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=localhost' -keyout "$place/redis.key" -out "$place/redis.csr" 2>/dev/null
	openssl x509 -req -in "$place/redis.csr" -CA "$place/ca.pem" -CAkey "$place/ca.key" -CAcreateserial -days 2 \
		-extfile <(echo 'subjectAltName=DNS:localhost') -out "$place/redis.pem" 2>/dev/null
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=other' -keyout "$place/other.key" -out "$place/other.pem" 2>/dev/null
	chmod 711 "$place"
	chmod 644 "$place"/*.pem
	cat >"$place/redis.conf" <<-CONF
		port $port
		tls-port $tls_port
		bind 127.0.0.1
		tls-cert-file $place/redis.pem
		tls-key-file $place/redis.key
		tls-ca-cert-file $place/ca.pem
		tls-auth-clients no
		save ""
		user default on >admin ~* &* +@all
		user banter on >s%/@:t ~banter:* &banter:* +@read +@write +@pubsub +@scripting +@connection +@transaction +@fast
	CONF
	redis-server "$place/redis.conf" >"$place/redis.log" 2>&1 3>&- 4>&- &
	echo $! >"$place/redis.pid"
	export BANTER_REDIS_URL=rediss://banter:s%25%2F%40%3At@localhost:$tls_port/3 BANTER_REDIS_CA=$place/ca.pem
	export ADMIN_PORT=$port TLS_PORT=$tls_port
	"$root/scripts/stack" start 3>&- 4>&-
	eval "$("$root/scripts/stack" env)"
}
teardown_file() {
	local good=true
	own_stack_end || good=false
	kill "$(cat "$PLACE/redis.pid")"
	rm -rf "$PLACE"
	$good
}
teardown() {
	admin replicaof no one >/dev/null
	admin config set maxmemory 0 >/dev/null
	streams_end
}

admin() { REDISCLI_AUTH=admin redis-cli -p "$ADMIN_PORT" "$@"; }
ready_is() { [ "$(curl -s "$URL/readyz" | jq -r '"\(.status) \(.checks.redis)"')" = "$1" ]; }

@test "Redis over TLS with an ACL user: notifications and presence work in the URL's database, and the password is not shown" {
	wait_until 10 ready_is "ok ok"
	as alice
	group Room bob
	listen alice ws
	as bob
	listen bob sse
	as alice
	fence alice bob
	get "/v1/presence?user_ids=$(id_of bob)"
	[ "$(json '.presence[0].status')" = online ]
	admin -n 3 exists "banter:presence:$(id_of bob)" | grep -qx 1
	admin -n 0 exists "banter:presence:$(id_of bob)" | grep -qx 0
	[ "$(admin client list | grep -c 'user=banter')" -ge 4 ]
	[ "$(stack redis ping)" = PONG ]
	if grep -rF -e 's%/@:t' -e 's%25%2F' "$BANTER_STATE/log"; then return 1; fi
	processes=$(pgrep -f "$BANTER_STATE/opt/bin/")
	for process in $processes; do
		if tr '\0' ' ' <"/proc/$process/cmdline" | grep -F -e 's%/@:t' -e 's%25%2F'; then return 1; fi
	done
}

# refuses SETTING=VALUE… REASON: checks that a push with these settings cannot use Redis, and logs
# why.
refuses() {
	local reason=${*: -1}
	further_push "${@:1:$#-1}"
	said() { grep -q "redis_unreachable .*$reason" "$BANTER_STATE/log/$further_part.log"; }
	wait_until 10 said || { cat "$BANTER_STATE/log/$further_part.log"; return 1; }
}

@test "Redis over TLS: an untrusted certificate, another name and a wrong password are refused, and the log says why" {
	refuses BANTER_REDIS_CA="$PLACE/other.pem" 'certificate'
	refuses BANTER_REDIS_URL="rediss://banter:s%25%2F%40%3At@127.0.0.1:$TLS_PORT" 'mismatch'
	refuses BANTER_REDIS_URL="rediss://banter:wrong@localhost:$TLS_PORT" 'WRONGPASS'
	refuses BANTER_REDIS_URL="redis://localhost:$ADMIN_PORT" 'NOAUTH'
	if grep -rF 'banter:wrong' "$BANTER_STATE/log"; then return 1; fi
	further_push BANTER_REDIS_URL="rediss://:admin@127.0.0.1:$TLS_PORT" BANTER_REDIS_VERIFY=off
	up() { curl -s "$further/metrics" | grep -q '^banter_push_degraded{part="redis"} 0'; }
	wait_until 10 up
}

@test "a Redis that is full or a replica: presence is 503, readyz and stream.health report it, and changes are reported afterwards" {
	as alice
	group Room bob
	put /v1/presence/watch "{\"user_ids\":[\"$(id_of bob)\"]}"
	listen alice ws
	as bob
	listen bob ws
	as alice
	online() { get "/v1/presence?user_ids=$(id_of bob)" && [ "$(json '.presence[0].status')" = online ]; }
	wait_until 10 online
	for state in full replica; do
		if [ $state = full ]; then admin config set maxmemory 1 >/dev/null; else admin replicaof 127.0.0.1 1 >/dev/null; fi
		heard_times alice '.type == "stream.health" and .data.redis == "degraded"' "$([ $state = full ] && echo 1 || echo 2)" 15
		wait_until 5 ready_is "degraded failed"
		get "/v1/presence?user_ids=$(id_of bob)"
		expect 503 unavailable
		as bob
		post /v1/presence/heartbeat '{"status":"away"}'
		expect 503 unavailable
		as alice
		if [ $state = full ]; then admin config set maxmemory 0 >/dev/null; else admin replicaof no one >/dev/null; fi
		heard_times alice '.type == "stream.health" and .data.redis == "ok"' "$([ $state = full ] && echo 1 || echo 2)" 15
		wait_until 10 ready_is "ok ok"
		wait_until 10 online
	done
}
