# Programs are replaced under a running server, as a package or a rebuild does it. They are started
# again, nothing is lost, and streams resume.
# SPDX-License-Identifier: MIT

load own

setup_file() { own_state; }
teardown_file() { :; }
setup() {
	load_helpers
	files=${BANTER_STATE%/*}/files.$BATS_TEST_NUMBER
	mkdir -p "$files"
	chmod 755 "$files"
}
teardown() {
	streams_end
	front_kill
	own_stack_end
	rm -rf "$files" "$BATS_FILE_TMPDIR"/person.* # the next test has a database of its own
}

# packages_copy: copies PostgreSQL, Redis, lighttpd and HAProxy to a folder of the test, and puts it
# first in PATH. PostgreSQL finds its libraries beside its program.
packages_copy() {
	local lib=$files/lib/postgresql/15
	mkdir -p "$files/bin" "$files/share/postgresql" "${lib%/*}"
	cp -L "$(type -P redis-server)" "$(PATH=$PATH:/usr/sbin type -P lighttpd)" "$(PATH=$PATH:/usr/sbin type -P haproxy)" "$files/bin"
	cp -rs /usr/lib/postgresql/15 "${lib%/*}"
	cp --remove-destination -L /usr/lib/postgresql/15/bin/postgres "$lib/bin"
	ln -s /usr/share/postgresql/15 "$files/share/postgresql/15"
	PATH=$files/bin:$lib/bin:$PATH
	programs=([postgres]=$lib/bin/postgres [redis]=$files/bin/redis-server [lighttpd]=$files/bin/lighttpd [haproxy]=$files/bin/haproxy)
}

# program_replace FILE: puts an equal file in its place, as a package does.
program_replace() { cp -p "$1" "$1.dpkg-new" && mv "$1.dpkg-new" "$1"; }

# runs PART FILE: the part is a process of the file that has this name now.
runs() { [ "/proc/$(stack pid "$1")/exe" -ef "$2" ]; }

@test "replaced: stack start restarts PostgreSQL, Redis, lighttpd and HAProxy whose files a package has replaced, and nothing else" {
	local -A programs
	local part
	packages_copy
	stack start 3>&- 4>&-
	own_addresses
	talk_begin
	before=$(stack status)
	for part in postgres redis lighttpd haproxy; do
		runs $part "${programs[$part]}"
		program_replace "${programs[$part]}"
		if runs $part "${programs[$part]}"; then return 1; fi
	done
	stack start 3>&- 4>&-
	for part in postgres redis lighttpd haproxy; do runs $part "${programs[$part]}"; done
	# these keep running
	for part in api push; do [ "$(stack status | grep "^$part runs")" = "$(grep "^$part runs" <<<"$before")" ]; done
	talk_go_on
	before=$(stack status)
	stack start 3>&- 4>&-
	[ "$(stack status)" = "$before" ]
}

@test "replaced: new sessions of a running PostgreSQL serve sends with the plpgsql that it began with" {
	local -A programs
	packages_copy
	stack start 3>&- 4>&-
	own_addresses
	talk_begin
	echo 'another version' >"$files/plpgsql.so"
	mv "$files/plpgsql.so" "$files/lib/postgresql/15/lib/plpgsql.so"
	psql -XAtq -h "$BANTER_STATE/socket" -U postgres -d postgres -c "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'banter'" >/dev/null
	talk_go_on
}

@test "replaced: make run restarts the parts whose files a package has replaced" {
	local -A programs
	local part
	packages_copy
	front_run
	talk_begin
	for part in redis postgres lighttpd haproxy; do
		program_replace "${programs[$part]}"
		wait_until 60 says "the program of $part was replaced; $part is started again"
		wait_until 60 runs $part "${programs[$part]}"
	done
	talk_go_on
	if says 'has died\|does not start'; then return 1; fi
	front_interrupt
}

@test "replaced: stack start switches to rebuilt programs of Banter without losing a message or a request" {
	local before part pid pids
	mkdir "$files/asan"
	cp -a "$ROOT/$BANTER_BUILD"/{api,lib,push,banter-api,banter-push} "$files/asan"
	export BANTER_BUILD=$files/asan
	stack start 3>&- 4>&-
	stack start push@$((BANTER_PUSH_PORT + 1)) 3>&- 4>&-
	own_addresses
	crowd --users 6 --devices 2 --rate 12
	# another program, though it does the same
	for part in api push; do echo >>"$BANTER_BUILD/banter-$part"; done
	before=$(stack status)
	stack start 3>&- 4>&-
	[ "$(stack status)" = "$before" ] # supervisors stay
	all_new() {
		for part in api push push@$((BANTER_PUSH_PORT + 1)); do
			pids=$(workers_of $part) || return 1
			for pid in $pids; do
				[ "/proc/$pid/exe" -ef "$BANTER_STATE/opt/bin/banter-${part%%@*}" ] || return 1
			done
		done
	}
	wait_until 60 all_new
	cmp "$BANTER_BUILD/banter-api" "$BANTER_STATE/opt/bin/banter-api"
	more_stored 30 20
	crowd_judges
	[ "$(jq .again <<<"$verdict")" = 0 ]
}
