# Missed events of many conversations while the horizon stands still: each page makes progress, each
# event is delivered once, and none is lost.
# SPDX-License-Identifier: MIT

setup_file() {
	load ../support/helpers
	log_begin
}
teardown_file() {
	load ../support/helpers
	log_expect ' event=database_(other|clock) ' # another past, and a wrong clock
}
setup() { load ../support/helpers; load ../support/streams; }
teardown() {
	streams_end
	clock_restore
}

ROOMS=62

# many_rooms [NAME]: creates groups of alice and this user, by default bob. $rooms are their ids.
# $cursor is the cursor of a snapshot that the user takes afterwards.
many_rooms() {
	local members
	as alice
	members=$(id_of "${1:-bob}")
	mapfile -t rooms < <(psql_banter "select (payload::json ->> 'id') from generate_series(1, $ROOMS) n, lateral conversation_group($user_id, 'Room ' || n, array[$members], 'full') where channel is null")
	as "${1:-bob}"
	get /v1/sync
	expect 200
	cursor=$(json .cursor)
}

# flood TEXT: sends a message to each room, each in its own transaction, in the order of ids.
flood() {
	printf "select 1 from message_send(%s, $(id_of alice), '$1-' || random(), '$1', null, null);\n" "${rooms[@]}" >"$BATS_TEST_TMPDIR/flood.sql"
	PGOPTIONS='-c search_path=banter' psql -XAtq -v ON_ERROR_STOP=1 -d "$BANTER_DATABASE_URL" -f "$BATS_TEST_TMPDIR/flood.sql" >/dev/null
}

# sync_all: reads all pages from $cursor into $got, a line with room and text for each message.
# Counts $pages, and sets $cursor to the last cursor.
sync_all() {
	local more=true
	got=$BATS_TEST_TMPDIR/got pages=0
	: >"$got"
	while [ "$more" = true ]; do
		get "/v1/sync?since=$cursor&limit=30"
		expect 200 || return 1
		[ "$(json 'has("reset")')" = false ] || { echo "reset: $reply"; return 1; }
		json '.events[] | select(.type == "message.created") | "\(.conversation_id) \(.data.text)"' >>"$got"
		cursor=$(json .cursor) more=$(json .has_more)
		pages=$((pages + 1))
		[ $pages -le 60 ] || { echo "no end after $pages pages, $(wc -l <"$got") events, $(sort -u "$got" | wc -l) different"; return 1; }
	done
}

# got_once TEXT…: checks that each text was received once from each room, and nothing else.
got_once() {
	local text
	for text; do printf "%s $text\n" "${rooms[@]}"; done | sort >"$BATS_TEST_TMPDIR/wanted"
	sort "$got" | diff "$BATS_TEST_TMPDIR/wanted" -
}

# First in this file, because the other tests end all cursors of version 1.
@test "a cursor of version 1 is resumed" {
	as alice
	group Room bob
	send one
	as bob
	get /v1/sync
	base=$(psql_banter "select joined_id from members where conversation_id = $room and user_id = $user_id")
	# version, base and no exceptions as LEB128
	old=$(node -e 'let n = BigInt(process.argv[1]); const b = [1]; do { const low = Number(n & 127n); n >>= 7n; b.push(low | (n ? 128 : 0)); } while (n); b.push(0); console.log(Buffer.from(b).toString("base64url"))' "$base")
	get "/v1/sync?since=$old"
	expect 200
	[ "$(json '[has("reset"), (.events | map(select(.conversation_id == "'"$room"'")) | length)] | map(tostring) | join(" ")')" = "false 2" ]
	listen ws ws --since "$old"
	in_order_within 10 ws "$room" 1 2
}

@test "P3: a foreign transaction does not hold the horizon: paging ends, each event once" {
	many_rooms
	hold foreign "create temporary table foreign_writer (n integer); insert into foreign_writer values (1)" >/dev/null
	flood one
	flood two
	sync_all
	got_once one two
	[ $pages -le 6 ]
	[ "$(psql_banter "select count(*) from horizon_holders()")" = 0 ]
	sync_all
	[ ! -s "$got" ]
	release foreign
}

@test "P3: an open transaction of an event holds the horizon: paging ends, each event once, and late commits arrive" {
	many_rooms
	as alice
	group Late bob
	late=$room
	as bob
	get /v1/sync
	cursor=$(json .cursor)
	hold writer "select status from message_send($late, $(id_of alice), 'late', 'late', null, null)" >/dev/null
	flood one
	flood two
	as bob
	sync_all
	got_once one two
	[ "$(psql_banter "select count(*) from horizon_holders() where since <= now()")" = 1 ]
	for n in 1 2; do
		sync_all
		[ ! -s "$got" ]
	done
	flood three
	as bob
	sync_all
	got_once three
	release writer
	as bob
	sync_all
	[ "$(<"$got")" = "$late late" ]
	sync_all
	[ ! -s "$got" ]
	[[ $cursor =~ ^[A-Za-z0-9_-]{1,1023}$ ]]
}

# Simulates a clock that was set back, by a floor far ahead of it. The clock itself cannot be set
# here.
clock_back() {
	floor=$(psql_banter "select last_value from clock_floor")
	psql_banter "select setval('clock_floor', id_at(clock_timestamp() + interval '1 hour')), setval('clock_seen', id_at(clock_timestamp()))" >/dev/null
}
# Moves the floor back, which ends all cursors. Waits until push knows it. Before that, push returns
# cursors that the next test could not resume.
clock_restore() {
	local before
	[ -n "${floor-}" ] || return 0
	before=$(others_met)
	psql_banter "select clock_recover()" >/dev/null
	wait_until 20 others_above "$before"
}
others_met() { grep -c ' event=database_other ' "$BANTER_STATE/log/push.log" || true; }
others_above() { [ "$(others_met)" -gt "$1" ]; }

@test "P3: the clock is set back: paging ends, each event once, and times go forward" {
	clock_back
	many_rooms dave # whose events are an hour ahead of the clock from now on
	flood one
	flood two
	as dave
	sync_all
	got_once one two
	sync_all
	[ ! -s "$got" ]
	room=${rooms[0]}
	first=$(psql_banter "select last_id from conversations where id = $room")
	later() { psql_banter "select 1 from message_send($room, $(id_of alice), 'later-' || random(), 'later', null, null)" >/dev/null && [ "$(psql_banter "select last_id - $first > 1000 << 22 from conversations where id = $room")" = t ]; }
	wait_until 20 later
}

# each_once NAME: checks that the events of each room arrived once and in order. The first stream
# also receives the room's beginning, which no device has received yet. Each poll is a resume. With
# more conversations above the horizon than a cursor can name, a poll may repeat an event, but never
# out of order.
each_once() {
	jq -nr --arg name "$1" '
		reduce (inputs | select(.seq and .conversation_id)) as $e ({}; .[$e.conversation_id] += [$e.seq]) | . as $heard
		| $ARGS.positional[] | . as $room | ($heard[.] // [])
		| if $name == "poll" then reduce .[] as $seq ([]; if last == $seq then . else . + [$seq] end) else . end
		| select(. != [2, 3, 4] and . != [1, 2, 3, 4]) | "\($name) has heard in \($room): \(.)"' \
		--args "${rooms[@]}" <"$BATS_TEST_TMPDIR/$1.events" >"$BATS_TEST_TMPDIR/not_once"
	[ ! -s "$BATS_TEST_TMPDIR/not_once" ] || { cat "$BATS_TEST_TMPDIR/not_once"; return 1; }
}
# reached NAME SEQ: checks that the stream has received a message with this seq from each room.
reached() {
	jq -ne --argjson seq "$2" '[inputs | select(.type == "message.created" and .seq == $seq) | .conversation_id] as $there | $ARGS.positional - $there == []' \
		--args "${rooms[@]}" <"$BATS_TEST_TMPDIR/$1.events" >/dev/null
}

# reached_soon NAME SEQ: waits for it.
reached_soon() {
	until_heard 30 "$1" reached "$1" "$2" && return
	echo "$1 has received $(events_of "$1" | wc -l) events:"
	heard_all "$1"
	return 1
}

@test "P3: streams catch up while an event's transaction is open, each event once, on each transport" {
	many_rooms
	as bob
	for transport in "${TRANSPORTS[@]}"; do listen "$transport" "$transport"; hang_up "$transport"; done
	as alice
	group Late bob
	late=$room
	hold writer "select status from message_send($late, $(id_of alice), 'late', 'late', null, null)" >/dev/null
	flood one
	flood two
	for transport in "${TRANSPORTS[@]}"; do
		as bob
		listen "$transport" "$transport"
		reached_soon "$transport" 3
	done
	# A client that resumes in the middle receives nothing twice.
	for transport in "${TRANSPORTS[@]}"; do
		as bob
		hang_up "$transport"
		listen "$transport" "$transport"
	done
	flood three
	for transport in "${TRANSPORTS[@]}"; do
		reached_soon "$transport" 4
	done
	release writer
	publish "c:$late" "$(psql_banter "select event_notification(m.id, m.seq, '0', event_json('message.created', m.conversation_id, m.id, m.seq, message_json(m))) from messages m where m.conversation_id = $late and m.client_id = 'late'")"
	for transport in "${TRANSPORTS[@]}"; do
		heard "$transport" '.data.text == "late"' 15
		each_once "$transport"
		[ "$(count_heard "$transport" '.type == "stream.reset"')" = 0 ]
	done
}

@test "P3: a stream that is resynced receives nothing twice" {
	many_rooms
	as bob
	for transport in ws sse; do listen "$transport" "$transport"; done
	as alice
	group Late bob
	fence ws sse
	hold writer "select status from message_send($room, $(id_of alice), 'late', 'late', null, null)" >/dev/null
	flood one # of more conversations than a cursor can name above the horizon
	for transport in ws sse; do reached_soon "$transport" 2; done
	group New bob # brings the streams up to date
	for transport in ws sse; do heard "$transport" ".type == \"conversation.created\" and .conversation_id == \"$room\""; done
	fence ws sse
	release writer
	for transport in ws sse; do
		heard "$transport" '.data.text == "late"' 15
		[ -z "$(events_of "$transport" | jq -r 'select(.seq) | "\(.conversation_id) \(.seq)"' | sort | uniq -d)" ] || {
			events_of "$transport" | jq -r 'select(.seq) | "\(.conversation_id) \(.seq)"' | sort | uniq -d
			return 1
		}
	done
}

@test "P3: incarnation_renew resets older cursors and ends open streams" {
	many_rooms
	old=$cursor
	as bob
	for transport in "${TRANSPORTS[@]}"; do listen "$transport" "$transport"; done
	psql_banter "select incarnation_renew()" >/dev/null
	for transport in ws sse; do closed_with "$transport" 4005; done
	get "/v1/sync?since=$old"
	expect 200
	[ "$(json .reset)" = ahead ]
	fresh=$(json .cursor)
	get "/v1/sync?since=$fresh"
	expect 200
	[ "$(json 'has("reset")')" = false ]
	for transport in "${TRANSPORTS[@]}"; do
		hang_up "$transport"
		listen "again-$transport" "$transport" --since "$old"
		heard "again-$transport" '.type == "stream.reset" and .data.reason == "ahead"'
		listen "fresh-$transport" "$transport" --since "$fresh"
	done
	room=${rooms[0]}
	as alice
	fence again-{ws,sse,poll} fresh-{ws,sse,poll}
	for transport in "${TRANSPORTS[@]}"; do not_heard "fresh-$transport" '.type == "stream.reset"'; done
}

@test "P3: a failover that lost nothing keeps cursors and streams, and one that lost events resets those that have them" {
	# Checks that a cursor that is resumed after a failover names all of its exceptions. dave
	# has conversations with events an hour ahead of the clock, carol has none.
	ROOMS=20
	many_rooms carol
	room=${rooms[0]}
	as carol
	for transport in "${TRANSPORTS[@]}"; do listen "$transport" "$transport"; done
	as alice
	fence ws sse poll
	as carol
	get "/v1/sync?since=$cursor"
	cursor=$(json .cursor)
	# a new timeline that has all events
	psql_banter "update incarnations set timeline = timeline + 1000 where number = (select max(number) from incarnations)"
	as alice
	fence ws sse poll
	as carol
	get "/v1/sync?since=$cursor"
	expect 200
	[ "$(json 'has("reset")')" = false ] || { echo "reset: $(json .reset), $(psql_banter "select * from incarnations")"; return 1; }
	cursor=$(json .cursor)
	for transport in "${TRANSPORTS[@]}"; do
		[ "$(notes_of "$transport" | grep -c '"closed"')" = 0 ] || [ "$transport" = poll ]
		not_heard "$transport" '.type == "stream.reset"'
	done
	# a new timeline without the last events: the cursor's base is above its highest id
	psql_banter "update incarnations set timeline = timeline + 1000 where number = (select max(number) from incarnations); select stream_horizon(); update incarnations set reached_id = reached_id - (60000::bigint << 22) where number = (select max(number) from incarnations)" >/dev/null
	get "/v1/sync?since=$cursor"
	expect 200
	[ "$(json .reset)" = ahead ]
	for transport in ws sse; do closed_with "$transport" 4005; done
}

# clock_logged LEVEL STATE: prints how often push has logged this state of the database's clock.
# clock_logged_again N LEVEL STATE: checks that it was more than N times.
clock_logged() { grep -c " level=$1 event=database_clock state=$2\$" "$BANTER_STATE/log/push.log" || true; }
clock_logged_again() { [ "$(clock_logged "$2" "$3")" -gt "$1" ]; }
readyz_says() { get /readyz && expect 200 && [ "$(json '"\(.status) \(.checks.clock)"')" = "$1 $2" ]; }

@test "a database clock that is far ahead: ids do not follow it before clock_accept, and readyz and push's log report it" {
	local wrong right
	wrong=$(clock_logged error ahead) right=$(clock_logged info ok)
	as alice
	group Room bob
	floor=$(psql_banter "select last_value from clock_floor")
	psql_banter "select setval('clock_floor', id_at(clock_timestamp() - interval '40 days')), setval('clock_seen', id_at(clock_timestamp()))" >/dev/null
	wait_until 10 readyz_says degraded failed # its answer may be a second old
	wait_until 10 clock_logged_again "$wrong" error ahead
	psql_banter "select clock_accept()" >/dev/null
	wait_until 10 readyz_says ok ok
	wait_until 10 clock_logged_again "$right" info ok
}
