# Settings: the table, refused values, and the reasons for which the programs refuse to start.
# SPDX-License-Identifier: MIT

setup() {
	load ../support/helpers
	bin=$BANTER_STATE/opt/bin
	own=$BATS_TEST_TMPDIR/own
	mkdir -p "$own/secrets"
	chmod 700 "$own/secrets"
}
teardown() { [ ! -e "$own/pid" ] || kill -KILL "$(<"$own/pid")" 2>/dev/null || true; }

# start PROGRAM [SETTING=VALUE…]: starts it on sockets and ports of its own, against the suite's
# database. It must end by itself within 10 s.
start() {
	local program=$1
	shift
	run timeout 10 env BANTER_API_SOCKET="$own/api.sock" BANTER_PUSH_PORT="$(free_port)" BANTER_SECRETS_DIR="$own/secrets" BANTER_STARTUP_WAIT_SECONDS=1 "$@" "$bin/banter-$program"
}

# refuses WORDS: checks that one line of the output has them, and that the program did not crash.
refuses() {
	[ "$status" != 0 ] && [ "$status" != 124 ] && [ "$status" -lt 128 ] && [ "$status" != 99 ] || { echo "status $status: $output"; return 1; }
	grep -qiE -- "$1" <<<"$output" || { echo "does not say $1: $output"; return 1; }
}

@test "--help prints the table of settings" {
	for program in api push; do
		run "$bin/banter-$program" --help
		[ "$status" = 0 ]
		for name in BANTER_DATABASE_URL BANTER_PUSH_PORT BANTER_API_SEND_BATCH BANTER_PRESENCE_SECONDS; do [[ $output == *"$name "* ]]; done
		# The columns: name, default, unit, meaning.
		grep -E '^BANTER_PUSH_PING_SECONDS +25 +s +between pings' <<<"$output"
	done
}

@test "settings: a malformed value is refused by name" {
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

@test "settings: a file is read, and its mistakes are named" {
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

@test "settings: an unknown name in the environment is refused, and every setting of the scripts is known" {
	local program name
	for program in api push; do
		start $program BANTER_RATE_LOGN=5
		[ "$status" = 64 ]
		[[ $output == *'unknown setting in the environment: BANTER_RATE_LOGN'* ]]
	done
	for name in $(sed -n '/^SETTINGS=(/,/^)/s/^\t"\(BANTER_[A-Z_]*\)=.*/\1/p' "$ROOT/scripts/parts.bash"); do
		grep -q "\"$name\"" "$ROOT/lib/base/settings.c" || { echo "$name is not in lib/base/settings.c"; false; }
	done
}

@test "--version prints the same version everywhere" {
	local version program
	version="banter $(<"$ROOT/VERSION")"
	for program in "$bin/banter-api" "$bin/banter-push" "$ROOT"/scripts/{run,setup,smoke,stack,verify-delivery}; do
		[ "$("$program" --version)" = "$version" ]
	done
	get /v1/server
	[ "$(json .version)" = "$(<"$ROOT/VERSION")" ]
}

@test "--help of a script prints its usage and does nothing else" {
	local program
	for program in run setup smoke stack verify-delivery; do
		run "$ROOT/scripts/$program" --help
		[ "$status" = 0 ]
		grep -qE "^ *usage: scripts/$program( |$)" <<<"$output" || { echo "$program: $output"; return 1; }
	done
}

@test "scripts refuse an unknown argument, a signal that does not exist, and restart without a part" {
	local arguments
	while read -ra arguments; do
		run "$ROOT/scripts/${arguments[0]}" "${arguments[@]:1}" </dev/null
		[ "$status" = 64 ] || { echo "${arguments[*]}: status $status, $output"; return 1; }
	done <<-'TXT'
		run --nonsense
		setup --nonsense
		smoke --nonsense
		smoke http://127.0.0.1:1 http://127.0.0.1:2
		stack nonsense
		stack restart
		stack restart nonsense
		stack kill
		stack kill api NONSENSE
	TXT
}

@test "scripts/stack kill says that a part does not run" {
	run "$ROOT/scripts/stack" kill push@1 HUP
	[ "$status" = 1 ]
	[ "$output" = "banter: push@1 does not run" ]
}

@test "start: a database that cannot be reached is refused" {
	for program in api push; do
		start $program BANTER_DATABASE_URL="postgresql:///banter?host=$own&user=banter"
		refuses 'database'
	done
}

# start_both [SETTING=VALUE…]: stores how each program ended; `both_refuse WORDS` checks that.
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

# schema_outgrow: makes the schema say that it no longer serves the programs. schema_restore: undoes
# it. schema_is STATE: checks what /readyz says of it; a result is reused for a second.
schema_outgrow() {
	local status=0
	log_begin
	psql_banter "create or replace function schema_range(out version integer, out oldest integer) language sql stable as 'select 99999, 99998'" &&
		wait_until 5 schema_is failed || status=1
	log_expect ' path=/readyz status=503 '
	return $status
}
schema_restore() { psql_banter "$(sed 's/^create function/create or replace function/' "$ROOT/sql/functions/schema_range.sql")"; }
schema_is() { get /readyz && [ "$(json .checks.schema)" = "$1" ]; }

@test "start: a schema that does not serve the program, or a missing one, is refused" {
	local grown=true
	schema_outgrow || grown=false
	start_both
	schema_restore
	$grown
	both_refuse 'no longer serves'
	start_both BANTER_DATABASE_URL="${BANTER_DATABASE_URL/\/banter?/\/postgres?}"
	both_refuse 'no schema'
	wait_until 5 schema_is ok
}

@test "start: a newer schema that serves the program is accepted, and an older load.sql leaves it unchanged" {
	local grown=true serves=true load
	schema_outgrow || grown=false
	psql_banter "insert into schema_migrations (version) values (99999)"
	schema_restore
	wait_until 5 schema_is ok || serves=false
	load=$(psql -Xq -d "$BANTER_DATABASE_OWNER_URL" -f "$ROOT/sql/load.sql" 2>&1)
	psql_banter "delete from schema_migrations where version = 99999"
	$grown && $serves
	[[ $load == *'later version'* ]]
}

@test "start: a secret that others can read, or that is malformed, is refused" {
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

@test "start: missing secrets are made with mode 0600, and not printed" {
	local known
	known=$(psql_banter "delete from signing_keys returning fingerprint")
	BANTER_PUSH_PORT=$(free_port) BANTER_SECRETS_DIR=$own/secrets "$bin/banter-push" >"$own/output" 2>&1 3>&- 4>&- &
	echo $! >"$own/pid"
	# Waits until it serves. Ended earlier, it would leave a warning about a lost client in
	# PostgreSQL's log.
	started() { grep -qs 'event=started' "$own/output"; }
	wait_until 10 started || { cat "$own/output"; false; }
	psql_banter "delete from signing_keys; insert into signing_keys (fingerprint) select unnest(string_to_array('${known//$'\n'/,}', ','))"
	[ "$(stat -c %a "$own/secrets/jwt.key")" = 600 ]
	if grep -F "$(<"$own/secrets/jwt.key")" "$own/output"; then return 1; fi
	kill -TERM "$(<"$own/pid")"
	stopped() { grep -q 'event=stopped' "$own/output"; }
	wait_until 10 stopped
}

@test "start: a port that is in use is refused" {
	start push BANTER_PUSH_PORT="$BANTER_PORT" BANTER_SECRETS_DIR="$BANTER_SECRETS_DIR"
	refuses "port|bind|address"
}

@test "scripts/stack start names all ports in use before it builds or starts anything" {
	local state=$BANTER_STATE.busy
	run env -u BANTER_DATABASE_URL -u BANTER_DATABASE_OWNER_URL -u BANTER_REDIS_URL -u BANTER_SECRETS_DIR -u BANTER_API_SOCKET \
		BANTER_STATE="$state" "$ROOT/scripts/stack" start 3>&- 4>&-
	BANTER_STATE=$state "$ROOT/scripts/stack" reset
	refuses "port $BANTER_PORT is in use"
	refuses "port $BANTER_PUSH_PORT is in use"
	! grep -vE '^banter: port [0-9]+ is in use' <<<"$output"
}

@test "front door: a setting with a special character of lighttpd is refused" {
	PATH=$PATH:/usr/sbin
	run lighttpd -tt -f "$BANTER_SHARE/lighttpd.conf"
	[ "$status" = 0 ]
	for setting in 'BANTER_LISTEN=a"b' 'BANTER_ORIGINS=https://a.example,https://a"b' 'BANTER_BASE_PATH=/a$b' 'BANTER_PUSH_PROXIES=a"b' \
		'BANTER_TLS_CERTIFICATE=/a"b' 'FRONT_SOCKET=/a"b' 'FRONT_DESCRIPTORS=1"0'; do
		run env "$setting" lighttpd -tt -f "$BANTER_SHARE/lighttpd.conf"
		[ "$status" != 0 ] || { echo "$setting: $output"; return 1; }
		[[ $output == *'banter: '*' cannot '* ]]
	done
}

@test "scripts/stack refuses an unknown part, and a command without its part" {
	for command in start stop restart kill pid; do
		run stack $command pushh
		[ "$status" = 64 ]
		[[ $output == *'there is no part pushh'* ]]
	done
	for command in kill pid; do
		run stack $command
		[ "$status" = 64 ]
		[[ $output == *'usage: scripts/stack'* ]]
	done
	[ "$(stack pid redis)" -gt 1 ]
	run env BANTER_STATE="$BATS_TEST_TMPDIR/it's" "$ROOT/scripts/stack" start
	[ "$status" != 0 ]
	[[ $output == *'BANTER_STATE cannot have'* ]]
	[ ! -e "$BATS_TEST_TMPDIR/it's" ]
}
