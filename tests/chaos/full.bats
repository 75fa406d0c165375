# The disk under the state folder is full: PostgreSQL ends by a PANIC. With room on the disk it goes
# on, and no acknowledged message is lost. The disk is a file system in memory, which only root can
# make.
# SPDX-License-Identifier: MIT

load own

setup() {
	[ "$(id -u)" = 0 ] || skip 'only root can mount a small file system'
	own_state
	load_helpers
	disk=${BANTER_STATE%/*}/disk.$BATS_TEST_NUMBER
	mkdir -p "$disk"
	mount -t tmpfs -o size=224m,mode=755 banter-test "$disk" || skip 'no file system can be mounted here'
	export BANTER_STATE=$disk/state
	logs_outside
}
teardown() {
	[ -d "${disk-}" ] || return 0
	streams_end
	rm -f "$disk/filler"
	front_kill
	own_stack_end
	rm -f "$BATS_FILE_TMPDIR"/person.* # the next test has a database of its own
	umount "$disk"
	rm -rf "$disk" "$disk.log"
}
teardown_file() { :; }

# logs_outside: puts the logs on another disk, so that they can report the full one.
logs_outside() {
	id -u "${BANTER_USER:-banter}" >/dev/null 2>&1 || useradd --system --user-group --no-create-home --shell /usr/sbin/nologin "${BANTER_USER:-banter}"
	mkdir -p "$BANTER_STATE" "$disk.log"
	chown "${BANTER_USER:-banter}:" "$disk.log"
	ln -s "$disk.log" "$BANTER_STATE/log"
}

# fill: writes until the disk takes no more.
fill() { dd if=/dev/zero of="$disk/filler" bs=64k oflag=append conv=notrunc 2>/dev/null || true; }

# panicked: checks that PostgreSQL has ended. Each try needs room for a further file of its log.
panicked() {
	fill
	psql -XAtq -h "$BANTER_STATE/socket" -U postgres -d postgres -c 'select pg_switch_wal()' >/dev/null 2>&1
	post "/v1/conversations/$room/messages" "{\"client_id\":\"full$RANDOM\",\"text\":\"full\"}"
	[ "$reply_status" != 201 ] || acknowledged=$((acknowledged + 1))
	! stack pid postgres
}

begin() {
	own_addresses
	acknowledged=0
	as bob
	listen bob ws --reconnect
	as alice
	direct_with bob
	send before
	heard bob '.type == "message.created" and .data.text == "before"'
}

# go_on: checks that the server serves as before.
go_on() {
	wait_until 30 ready
	send after
	heard bob '.type == "message.created" and .data.text == "after"' 20
	[ "$(count_heard bob '.type == "stream.reset"')" = 0 ]
	get "/v1/conversations/$room/messages"
	expect 200
	[ "$(json '[.messages[].text | select(. != "full")] | sort')" = '["after","before"]' ]
	[ "$(json '[.messages[] | select(.text == "full")] | length')" -ge "$acknowledged" ]
}

@test "disk full: after a PANIC of PostgreSQL, stack start restarts it when there is room, with all acknowledged messages" {
	stack start 3>&- 4>&-
	begin
	wait_until 60 panicked
	grep -q 'PANIC: .*No space left on device' "$disk.log/postgres.log"
	expect 503 unavailable
	run stack start postgres 3>&- 4>&-
	[ "$status" != 0 ] # still full
	rm "$disk/filler"
	stack start 3>&- 4>&-
	go_on
}

@test "disk full: make run keeps running, and restarts PostgreSQL by itself when there is room" {
	front_run
	begin
	wait_until 60 panicked
	wait_until 60 says 'postgres does not start'
	rm "$disk/filler"
	go_on
	says 'postgres runs again'
	front_interrupt
}
