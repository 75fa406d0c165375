# PgBouncer between the programs and PostgreSQL. In session mode everything works, and its restart
# loses nothing. Other modes are refused with a sentence.
# SPDX-License-Identifier: MIT

load own

setup_file() {
	own_state
	export SERVER=$BANTER_STATE.server POOL=$BANTER_STATE.pool
	BANTER_STATE=$SERVER "$root/scripts/stack" start postgres 3>&- 4>&-
	mkdir -p "$POOL"
	owner="postgresql:///banter?host=$POOL&port=6432"
	export BANTER_DATABASE_URL="$owner&user=banter" BANTER_DATABASE_OWNER_URL="$owner&user=banter_owner"
}
teardown_file() {
	env -u BANTER_DATABASE_URL -u BANTER_DATABASE_OWNER_URL BANTER_STATE="$SERVER" "$root/scripts/stack" reset
	rm -rf "$POOL"
}
setup() {
	load_helpers
	load pair
	pool_settings
}
teardown() {
	local good=true
	streams_end
	stack stop || true
	BANTER_LOG_CHECK=crashes logs_good || good=false
	pool_stop
	# the next test has a key of its own
	psql -XAtq -h "$SERVER/socket" -U postgres -d banter -c 'delete from banter.signing_keys'
	stack reset || true
	$good
}

# pool_settings: PgBouncer listens on a Unix socket only, and lets the two roles in.
pool_settings() {
	printf '"banter" ""\n"banter_owner" ""\n' >"$POOL/users"
	cat >"$POOL/ini" <<-TXT
		[databases]
		banter = host=$SERVER/socket dbname=banter
		[pgbouncer]
		listen_addr =
		unix_socket_dir = $POOL
		listen_port = 6432
		auth_type = trust
		auth_file = $POOL/users
		logfile = $POOL/log
		pidfile = $POOL/pid
		default_pool_size = 60
	TXT
	[ "$(id -u)" != 0 ] || chown -R "${BANTER_USER:-banter}:" "$POOL"
}
pool_start() {
	pair_owner pgbouncer -q "$POOL/ini" 3>&- 4>&- &
	wait_until 10 pair_owner psql -XAtq -d "$BANTER_DATABASE_URL" -o /dev/null -c 'select 1'
	pooler=$(<"$POOL/pid")
}
pool_stopped() { ! kill -0 "$pooler" 2>/dev/null; }
pool_stop() {
	[ -n "${pooler-}" ] || return 0
	kill -TERM "$pooler" 2>/dev/null || true
	wait_until 10 pool_stopped
}

@test "PgBouncer in session mode: everything works, and streams resume after its restart" {
	echo 'pool_mode = session' >>"$POOL/ini"
	pool_start
	stack start 3>&- 4>&-
	own_addresses
	"$ROOT/scripts/smoke" "$URL"
	talk_begin
	pool_stop
	pool_start
	talk_go_on
	# Open streams and new ones work.
	speak bob-ws "{\"type\":\"message.send\",\"conversation_id\":\"$room\",\"client_id\":\"up\",\"text\":\"up\"}"
	heard bob-sse '.type == "message.created" and .data.text == "up"' 20
	listen late ws
}

@test "PgBouncer in transaction mode: the programs refuse to start with an explanation" {
	local program
	echo 'pool_mode = session' >>"$POOL/ini"
	pool_start
	stack start 3>&- 4>&-
	own_addresses
	stack stop api push 3>&- 4>&-
	pool_stop
	echo 'pool_mode = transaction' >>"$POOL/ini"
	pool_start
	for program in api push; do
		run timeout 20 env BANTER_API_SOCKET="$BATS_TEST_TMPDIR/api.sock" "$BANTER_STATE/opt/bin/banter-$program"
		[ "$status" = 78 ]
		[[ $output == *'the pooler shares one connection among clients: set pool_mode = session'* ]]
	done
}
