# Settings: the table, what is refused, and when the programs refuse to start.
# SPDX-License-Identifier: MIT

setup() {
	load helpers
	bin=$BANTER_STATE/opt/bin
	own=$BATS_TEST_TMPDIR/own
	mkdir -p "$own/secrets"
	chmod 700 "$own/secrets"
}
teardown() { [ ! -e "$own/pid" ] || kill -KILL "$(<"$own/pid")" 2>/dev/null || true; }

# start PROGRAM [SETTING=VALUE…]: on sockets and ports of its own, against the suite's database; must end by itself within 10 s.
start() {
	local program=$1
	shift
	run timeout 10 env BANTER_API_SOCKET="$own/api.sock" BANTER_PUSH_PORT="$(free_port)" BANTER_SECRETS_DIR="$own/secrets" BANTER_STARTUP_WAIT_SECONDS=1 "$@" "$bin/banter-$program"
}
free_port() {
	local port
	while port=$((10000 + RANDOM % 22000)) && (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
	echo $port
}

# says WORDS: one line of what it printed has them, and it is no crash.
refuses() {
	[ "$status" != 0 ] && [ "$status" != 124 ] && [ "$status" -lt 128 ] && [ "$status" != 99 ] || { echo "status $status: $output"; return 1; }
	grep -qiE -- "$1" <<<"$output" || { echo "does not say $1: $output"; return 1; }
}

@test "--help prints the table" {
	for program in api push; do
		run "$bin/banter-$program" --help
		[ "$status" = 0 ]
		for name in BANTER_DATABASE_URL BANTER_PUSH_PORT BANTER_API_SEND_BATCH BANTER_PRESENCE_SECONDS; do [[ $output == *"$name "* ]]; done
		# Name, default, unit, meaning.
		grep -E '^BANTER_PUSH_PING_SECONDS +25 +s +between pings' <<<"$output"
	done
}

@test "a value that cannot be understood is refused by name" {
	for program in api push; do
		while read -r setting; do
			start $program "$setting"
			[ "$status" = 64 ] || { echo "$program $setting: $status $output"; return 1; }
			[[ $output == *"${setting%%=*}"* ]]
		done <<-'TABLE'
			BANTER_PUSH_PORT=x
			BANTER_PUSH_PORT=0
			BANTER_PUSH_PORT=65536
			BANTER_API_THREADS=-1
			BANTER_API_THREADS=4.5
			BANTER_API_THREADS=
			BANTER_TOKEN_SECONDS=99999999999999999999
			BANTER_COOKIE_SECURE=maybe
			BANTER_LOG_FORMAT=xml
		TABLE
	done
}

@test "a file of settings, and what is wrong in it" {
	echo 'BANTER_PUSH_PROT=1' >"$own/settings"
	run "$bin/banter-push" --config "$own/settings"
	[ "$status" = 64 ]
	[[ $output == *BANTER_PUSH_PROT* ]]
	echo 'no equals sign' >"$own/settings"
	run "$bin/banter-api" --config "$own/settings"
	[ "$status" = 64 ]
	run "$bin/banter-api" --config "$own/nothing"
	[ "$status" = 64 ]
	run "$bin/banter-push" --unheard-of
	[ "$status" = 64 ]
	printf '# a comment\n\n  BANTER_PUSH_PORT=nonsense  \n' >"$own/settings"
	run "$bin/banter-push" --config "$own/settings"
	[ "$status" = 64 ]
	[[ $output == *BANTER_PUSH_PORT* ]]
}

@test "refuses to start: a database that cannot be reached" {
	for program in api push; do
		start $program BANTER_DATABASE_URL="postgresql:///banter?host=$own&user=banter"
		refuses 'database'
	done
}

# start_both [SETTING=VALUE…]: keeps how each has ended; `both_refuse WORDS` looks at it.
start_both() {
	for program in api push; do
		start $program "$@"
		printf '%s' "$status" >"$own/$program.status"
		printf '%s' "$output" >"$own/$program.output"
	done
}
both_refuse() {
	for program in api push; do
		status=$(<"$own/$program.status") output=$(<"$own/$program.output")
		refuses "$1" || return 1
	done
}

@test "refuses to start: a schema newer than the program, or none" {
	psql_banter "insert into schema_migrations (version) values (99999)"
	start_both
	psql_banter "delete from schema_migrations where version = 99999"
	both_refuse schema
	start_both BANTER_DATABASE_URL="${BANTER_DATABASE_URL/\/banter?/\/postgres?}"
	both_refuse 'schema|migrat'
}

@test "P1: refuses to start: synchronous_commit off" {
	psql_banter "alter role banter set synchronous_commit = off"
	start_both
	psql_banter "alter role banter reset synchronous_commit"
	both_refuse synchronous_commit
}

@test "refuses to start: a secret that others can read, or that is none" {
	for program in api push; do
		head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$own/secrets/jwt.key"
		chmod 644 "$own/secrets/jwt.key"
		start $program
		refuses 'jwt.key'
		refuses '600|read'
		chmod 600 "$own/secrets/jwt.key"
		echo "too short" >"$own/secrets/jwt.key"
		start $program
		refuses 'jwt.key'
		rm "$own/secrets/jwt.key"
	done
}

@test "secrets are made at the first start, for nobody else, and not printed" {
	BANTER_PUSH_PORT=$(free_port) BANTER_SECRETS_DIR=$own/secrets "$bin/banter-push" >"$own/output" 2>&1 3>&- 4>&- &
	echo $! >"$own/pid"
	# Only one that serves can be ended without PostgreSQL noting a client that was lost.
	started() { grep -q 'event=started' "$own/output"; }
	wait_until 10 started
	[ "$(stat -c %a "$own/secrets/jwt.key")" = 600 ]
	if grep -F "$(<"$own/secrets/jwt.key")" "$own/output"; then return 1; fi
	kill -TERM "$(<"$own/pid")"
	stopped() { grep -q 'event=stopped' "$own/output"; }
	wait_until 10 stopped
}

@test "two cannot have the same port" {
	start push BANTER_PUSH_PORT="$BANTER_PORT"
	refuses "port|bind|address"
}
