# An upgrade from version 1 while its programs run: the new schema serves the old statements and the
# old programs.
# SPDX-License-Identifier: MIT

bats_require_minimum_version 1.5.0
load ../support/helpers
load ../support/streams

FORMER=a710c9b # the last commit of version 1
STATEMENTS=$ROOT/tests/operation/upgrade/1/statements.sql

@test "upgrade: statements of version 1 keep their parameters and columns" {
	export PGOPTIONS='-c search_path=banter'
	{
		psql -qXAt -v ON_ERROR_STOP=1 -d "$BANTER_DATABASE_URL" -f "$STATEMENTS" \
			-c "select name || ' ' || parameter_types::text from pg_prepared_statements order by name collate \"C\""
		sed -nE 's/^prepare ([a-z_]+) as (.*);$/\\echo \1\n\2 \\gdesc/p' "$STATEMENTS" |
			psql -qXAt -v ON_ERROR_STOP=1 -d "$BANTER_DATABASE_URL"
	} >"$BATS_TEST_TMPDIR/columns" 2>&1
	diff "$ROOT/tests/operation/upgrade/1/columns.txt" "$BATS_TEST_TMPDIR/columns"
}

@test "upgrade: the SQL test of version 1 executes each of its statements" {
	local name missing=''
	for name in $(sed -n 's/^prepare \([a-z_]*\) .*/\1/p' "$STATEMENTS"); do
		grep -qE "^execute $name\b" "$ROOT/tests/sql/former.sql" || missing+=" $name"
	done
	[ -z "$missing" ] || { echo "not executed:$missing" >&2; false; }
}

@test "upgrade: a load that does not get a lock in time gives up, and is repeated until it does" {
	local loading status=0
	rm -f "$BANTER_STATE/run/migrate.log"
	hold reader "lock table schema_migrations in access exclusive mode"
	stack migrate >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- 4>&- &
	loading=$!
	wait_until 30 grep -qs 'canceling statement due to lock timeout' "$BANTER_STATE/run/migrate.log" || status=1
	release reader rollback
	wait $loading
	[ $status = 0 ]
	[ ! -s "$BATS_TEST_TMPDIR/said" ]
	! grep ERROR "$BANTER_STATE/run/migrate.log.last"
}

index_of_networks() { psql_banter "select indisvalid, pg_get_indexdef(indexrelid) from pg_index where indexrelid = 'devices_network'::regclass"; }

@test "upgrade: an index whose build was interrupted is built again" {
	local before
	as iris # a device whose row breaks the build off
	before=$(index_of_networks)
	[[ $before == t\|* ]]
	psql_banter 'drop index devices_network'
	run psql_banter 'create index concurrently devices_network on devices ((1 / (id - id)))'
	[ "$status" != 0 ]
	[[ $(index_of_networks) == f\|* ]]
	psql -Xq -d "$BANTER_DATABASE_OWNER_URL" -f "$ROOT/sql/indexes.sql"
	[ "$(index_of_networks)" = "$before" ]
}

# old_stack: checks out version 1, builds it and starts it in a state folder of its own, without the
# settings of the suite's server.
old_stack() {
	git -C "$ROOT" cat-file -e "$FORMER^{commit}" 2>/dev/null || {
		echo "the history of this clone lacks $FORMER, the programs of version 1: fetch all of it (git fetch --unshallow)" >&2
		return 1
	}
	old=$BATS_TEST_TMPDIR/one
	mkdir "$old"
	git -C "$ROOT" archive "$FORMER" | tar -x -C "$old"
	. "$ROOT/tests/chaos/stack.bash"
	unset BANTER_RECORD # the document is not of this version
	own_state BANTER_BUILD="$old/build"
	export BANTER_BUILD="$old/build"
	"$old/scripts/stack" start 3>&- 4>&-
	eval "$("$old/scripts/stack" env)"
	URL=http://$BANTER_LISTEN:$BANTER_PORT PUSH_URL=http://$BANTER_PUSH_LISTEN:$BANTER_PUSH_PORT
}

teardown() {
	[ -d "${old-}" ] || return 0
	hang_up_all
	own_stack_end
}

# exchange TEXT: Anna sends, and Ben receives it on both of his streams. Then Ben reads it, and Anna
# receives the receipt.
exchange() {
	as anna
	room=$shared
	send "$1"
	heard ben-ws ".type == \"message.created\" and .data.text == \"$1\""
	heard ben-sse ".type == \"message.created\" and .data.text == \"$1\""
	as ben
	post "/v1/conversations/$room/read" "{\"message_id\":\"$message\"}"
	expect 200
	heard anna-ws ".type == \"receipt.updated\" and (tostring | contains(\"$message\"))"
}

# listen_all: opens the streams, or reopens them with their cursors when push has closed them. A
# program that drains still delivers, and both clients would write to one record.
listen_all() {
	local stream
	for stream in anna-ws ben-ws ben-sse; do
		if [ -f "$(stream_file $stream pid)" ]; then wait_until 30 stream_gone $stream; fi
	done
	as anna
	listen anna-ws ws
	as ben
	listen ben-ws ws
	listen ben-sse sse
}

worker_is_new() { local now; now=$(workers_of "$1") && [ -n "$now" ] && [ "$now" != "$2" ]; }

# workers_end PART: kills the workers of version 1. The supervisor starts others of the same
# version, on the new schema.
workers_end() {
	local before
	before=$(workers_of "$1")
	kill -KILL $before
	wait_until 20 worker_is_new "$1" "$before"
	wait_until 20 ready
}

# runs_new PART: checks that all its workers run the installed program.
runs_new() {
	local pid pids
	pids=$(workers_of "$1") || return 1
	for pid in $pids; do
		cmp -s "/proc/$pid/exe" "$BANTER_STATE/opt/bin/banter-$1" || return 1
	done
}

@test "upgrade: programs of version 1 keep working on the new schema, beside new ones, in any order" {
	old_stack
	as anna
	direct_with ben
	shared=$room
	send before
	listen_all
	exchange 'on version 1'

	# loads the schema of this version; programs of version 1 continue, and can restart
	BANTER_BUILD=$ROOT/build/asan "$ROOT/scripts/stack" migrate
	eval "$("$ROOT/scripts/stack" env)" # this version has a role that loads the SQL
	[ "$(psql_banter 'select version from schema_range()')" = 2 ]
	wait_until 10 ready
	exchange 'old programs, new schema'
	workers_end api
	workers_end push
	listen_all
	exchange 'old programs that were started again'

	# replaces one of them, then both
	stack kill api HUP
	wait_until 30 runs_new api
	wait_until 20 ready
	exchange 'new api, old push'
	stack kill push HUP
	wait_until 30 runs_new push
	wait_until 20 ready
	listen_all
	exchange 'both new'

	# nothing is lost, and seq has no gaps
	get "/v1/conversations/$shared/messages"
	expect 200
	[ "$(json '[.messages[].text] | length')" = 6 ]
	[ "$(json '[.messages[].text] | unique | length')" = 6 ]
	for stream in ben-ws ben-sse; do
		[ "$(count_heard $stream '.type == "message.created"')" = 6 ] || { echo "$stream: $(texts $stream "$shared")"; heard_all $stream; return 1; }
		[ "$(count_heard $stream '.type == "stream.reset"')" = 0 ]
	done
}
