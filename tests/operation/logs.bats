# Logs: they are reopened, their size is bounded, and JSON has numbers. The arguments and
# environments of processes hide secrets.
# SPDX-License-Identifier: MIT

load ../support/helpers

teardown() { psql_banter "select pg_terminate_backend(pid) from pg_stat_activity where query = 'select pg_sleep(60)'" >/dev/null; }

# log_of PART: prints the path of its log. is_logged PART TEXT: checks that a line has the text.
log_of() { echo "$BANTER_STATE/log/$1.log"; }
is_logged() { grep -qF -- "$2" "$(log_of "$1")"; }

# asked_and_logged MARK: requests a path with this mark, and checks that the api's log has it. Each
# request is another chance to find the new file.
asked_and_logged() {
	curl -s -o /dev/null "$URL/v1/$1"
	is_logged api "$1"
}

@test "logs: a moved log is reopened, by workers by themselves and by supervisors on USR1" {
	local moved=$BANTER_STATE/log/api.moved.log mark=moved$RANDOM
	mv "$(log_of api)" "$moved"
	wait_until 10 asked_and_logged "$mark"
	stack kill api USR1
	is_logged_by_supervisor() { [ "$(stat -Lc %i "/proc/$(stack pid api)/fd/2")" = "$(stat -c %i "$(log_of api)")" ]; }
	wait_until 10 is_logged_by_supervisor
	cat "$(log_of api)" >>"$moved" # the suite reads all of it at the end
}

@test "logs: stack rotate moves a log that is too large and keeps the part writing" {
	local log
	log=$(log_of redis)
	echo 'a line before' >>"$log"
	BANTER_LOG_BYTES=1 stack rotate
	grep -q 'a line before' "$log.1"
	[ "$(stat -c %s "$log")" = 0 ]
	BANTER_LOG_BYTES=0 stack rotate
}

# rotation_example: prints the settings of logrotate in operations.md for the logs of this state
# folder.
rotation_example() {
	awk '/^```/ { if (shown && inside) exit; inside = !inside; next } inside && /^\/srv\/banter\/var\/log\/api.log/ { shown = 1 } shown' "$ROOT/docs/operations.md" |
		sed "s|/srv/banter/var|$BANTER_STATE|g"
}
rotate() { logrotate -f -s "$BATS_TEST_TMPDIR/status" "$BATS_TEST_TMPDIR/logrotate.conf"; }
# lines_of MARK FILE…: prints how many lines of these files have the mark.
lines_of() { local mark=$1; shift; cat "$@" 2>/dev/null | grep -cF -- "$mark" || true; }

@test "logs: logrotate as in operations.md loses no line, and a supervisor writes to the new log at once after HUP" {
	local mark=rotated$RANDOM n log before
	log=$(log_of api)
	[ "$(id -u)" = 0 ] || skip "logrotate's su is for root"
	command -v logrotate >/dev/null || PATH=$PATH:/usr/sbin
	rotation_example >"$BATS_TEST_TMPDIR/logrotate.conf"
	grep -qF "$BANTER_STATE/log/push.log" "$BATS_TEST_TMPDIR/logrotate.conf"
	chmod 644 "$BATS_TEST_TMPDIR/logrotate.conf"
	mv -f "$log.1" "$log.suite" 2>/dev/null || true
	ask() { curl -s -o /dev/null "$URL/v1/$mark.$1."; }
	for n in {1..20}; do ask $n; done
	rotate
	for n in {21..40}; do ask $n; done
	before=$(workers_of api)
	stack kill api HUP
	stack kill push HUP
	# An old worker may still write to the old file: it looks once a second for another one.
	are_new() { local now; now=$(workers_of api) && [ -n "$now" ] && ! kill -0 $before 2>/dev/null; }
	wait_until 40 are_new
	for n in {41..60}; do ask $n; done
	for n in {41..60}; do wait_until 10 is_logged api "$mark.$n."; done # in the new file
	for n in {1..60}; do
		[ "$(lines_of "$mark.$n." "$log" "$log.1")" = 1 ] || { echo "$mark.$n: $(lines_of "$mark.$n." "$log" "$log.1")"; return 1; }
	done
	for n in {1..20}; do [ "$(lines_of "$mark.$n." "$log.1")" = 1 ]; done
	for part in api push; do
		[ "$(stat -Lc %i "/proc/$(stack pid $part)/fd/2")" = "$(stat -c %i "$(log_of $part)")" ]
		[ "$(stat -c %U "$(log_of $part)")" = "$(stat -c %U "$BANTER_STATE/log")" ]
	done
	# PostgreSQL appends to the same file, which was emptied.
	[ -s "$(log_of postgres).1.gz" ]
	[ "$(stat -Lc %i "/proc/$(stack pid postgres)/fd/2")" = "$(stat -c %i "$(log_of postgres)")" ]
	# Rotates again: the older file is compressed.
	rotate
	zgrep -qF "$mark.1." "$log.2.gz"
	# setup_suite.bash reads all of it at the end.
	for part in api push postgres redis lighttpd; do
		log=$(log_of $part)
		for n in 2 1; do
			[ ! -e "$log.$n.gz" ] || gunzip -c "$log.$n.gz" >>"$log.rotated.log"
			[ ! -e "$log.$n" ] || cat "$log.$n" >>"$log.rotated.log"
			rm -f "$log.$n" "$log.$n.gz"
		done
	done
}

@test "secrets: the password of the database is in no argument list while the SQL is loaded" {
	local url="$BANTER_DATABASE_OWNER_URL&password=zebra%42y" pid
	coproc HOLDER { psql -XAtq -d "$BANTER_DATABASE_OWNER_URL" 2>&1 3>&- 4>&-; }
	echo "select pg_advisory_lock(hashtext('banter load'));" >&"${HOLDER[1]}"
	echo "select 'locked';" >&"${HOLDER[1]}"
	is_locked() { read -r -t 1 answer <&"${HOLDER[0]}" && [ "$answer" = locked ]; }
	wait_until 20 is_locked
	env BANTER_DATABASE_URL="$url" BANTER_DATABASE_OWNER_URL="$url" "$ROOT/scripts/stack" migrate >"$BATS_TEST_TMPDIR/migrate" 2>&1 3>&- 4>&- &
	pid=$!
	loads() { [ "$(psql_banter "select count(*) from pg_stat_activity where wait_event = 'advisory' and query like '%banter load%'")" = 1 ]; }
	wait_until 120 loads
	for file in /proc/[0-9]*/cmdline; do
		if tr '\0' ' ' <"$file" 2>/dev/null | grep -E 'zebra(%42|B)y'; then echo "in $file"; return 1; fi
	done
	# The environment of the loading psql has it, which only its user can read.
	grep -aqE 'PGPASSWORD=zebraBy' /proc/[0-9]*/environ
	echo '\q' >&"${HOLDER[1]}"
	wait $pid
}

@test "secrets: the password of a database or Redis URL is in no argument list and in no environment but its own" {
	local url="$BANTER_DATABASE_OWNER_URL&password=zebra%41x" pid
	env BANTER_DATABASE_URL="$url" BANTER_DATABASE_OWNER_URL="$url" "$ROOT/scripts/stack" psql -c 'select pg_sleep(60)' \
		>"$BATS_TEST_TMPDIR/psql" 2>&1 3>&- 4>&- &
	pid=$!
	runs_psql() { [ "$(tr '\0' ' ' <"/proc/$pid/cmdline" | grep -c pg_sleep)" = 1 ] && [ "$(cat "/proc/$pid/comm")" = psql ]; }
	wait_until 20 runs_psql 2>/dev/null || { cat "$BATS_TEST_TMPDIR/psql"; false; }
	run grep -acE 'zebra' "/proc/$pid/cmdline"
	[ "$output" = 0 ]
	grep -aq 'PGPASSWORD=zebraAx' "/proc/$pid/environ"
	for part in redis lighttpd haproxy postgres; do
		pid=$(stack pid $part)
		run grep -acE '^BANTER_(DATABASE|REDIS|SECRETS)' <(tr '\0' '\n' <"/proc/$pid/environ")
		[ "$output" = 0 ] || { echo "$part has secrets in its environment"; false; }
	done
	for part in api push; do
		run grep -ac 'BANTER_DATABASE_OWNER_URL' "/proc/$(stack pid $part)/environ"
		[ "$output" = 0 ]
	done
}

@test "secrets: no part writes a core dump" {
	local part pid
	for part in api push postgres redis lighttpd haproxy; do
		pid=$(stack pid $part)
		grep -E '^Max core file size +0 +0 ' "/proc/$pid/limits"
	done
}

@test "PostgreSQL of the stack has plpgsql loaded before a package replaces it" {
	[ "$(psql -XAtq -h "$BANTER_STATE/socket" -U postgres -d postgres -c 'show shared_preload_libraries')" = plpgsql ]
}
