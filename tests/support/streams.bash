# Streams in tests: `listen bob ws` opens one, `heard bob '.type == "message.created"'` waits for an
# event, `hang_up bob` closes it.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034

CLIENT=$ROOT/tests/support/clients/stream.mjs
TRANSPORTS=(ws sse poll)

# The files of a stream: NAME.events (received events), NAME.cursor, NAME.orders (a fifo), NAME.pid,
# NAME.errors.
stream_file() { printf '%s/%s.%s' "$BATS_TEST_TMPDIR" "$1" "$2"; }

# listen NAME TRANSPORT [OPTION…]: opens a stream as the current user. Waits until it is ready, was
# refused, or has ended. NAME is the stream's name in the test. The options are those of
# clients/stream.mjs. Without credentials among them it uses the current token; --nobody means none.
# The cursor is stored: the next listen of the same name resumes with it. STREAM_URL in the
# environment replaces the address of the front door.
listen() {
	local name=$1 transport=$2 at=$BATS_TEST_TMPDIR/$1 nobody=false option options=()
	shift 2
	for option; do
		if [ "$option" = --nobody ]; then nobody=true; else options+=("$option"); fi
	done
	case " $* " in
	*" --token "* | *" --ticket "* | *" --cookie "* | *" --auth "* | *" --nobody "*) ;;
	*) options+=(--token "$token") ;;
	esac
	[ -p "$at.orders" ] || mkfifo "$at.orders"
	echo '{"client":"listen"}' >>"$at.events"
	node "$CLIENT" "$transport" "${STREAM_URL:-$URL}" "${options[@]}" --for 240 --out "$at.events" --cursor-file "$at.cursor" --in "$at.orders" \
		3>&- 4>&- 2>>"$at.errors" &
	echo $! >"$at.pid"
	disown $!
	until_heard 20 "$name" stream_settled "$name" "$nobody" && return
	echo "$name does not open:"
	heard_all "$name"
	cat "$at.errors"
	return 1
}

# Returns whether the stream has settled: by stream.ready, or by the first reply of a poll. Without
# credentials the handshake is enough.
stream_settled() {
	jq -e --slurp --argjson nobody "$2" '
		.[(map(.client == "listen") | rindex(true)):]
		| any(.type == "stream.ready" or .client == "closed" or (.client == "open" and (has("events") or $nobody)))' \
		"$BATS_TEST_TMPDIR/$1.events" >/dev/null
}

# until_heard SECONDS NAME COMMAND…: waits as wait_until does, but runs the command only when NAME
# has received something new. A line that is still being written counts when it has grown.
until_heard() {
	local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000)) file=$BATS_TEST_TMPDIR/$2.events lines=() last known=
	shift 2
	[ -p "$BATS_TEST_TMPDIR/pause" ] || mkfifo "$BATS_TEST_TMPDIR/pause"
	while :; do
		mapfile -t lines <"$file"
		last=${lines[*]: -1}
		if [ "${#lines[@]} ${#last}" != "$known" ]; then
			known="${#lines[@]} ${#last}"
			if "$@" 2>/dev/null; then return 0; fi
		fi
		[ "${EPOCHREALTIME/./}" -le $deadline ] || return 1
		read -rt 0.03 <>"$BATS_TEST_TMPDIR/pause" || true
	done
}

# Print the received events without the notes of the client, and the notes without the events.
events_of() { jq -c 'select(has("client") | not)' "$BATS_TEST_TMPDIR/$1.events"; }
notes_of() { jq -c 'select(.client)' "$BATS_TEST_TMPDIR/$1.events"; }
heard_all() { cut -c1-1000 "$BATS_TEST_TMPDIR/$1.events" 2>/dev/null; }

# count_heard NAME CONDITION: prints how many events match it (jq, on one event).
count_heard() { jq -n "[inputs | select(has(\"client\") | not) | select($2)] | length" "$BATS_TEST_TMPDIR/$1.events"; }
event_there() { event=$(jq -nc "first(inputs | select(has(\"client\") | not) | select($2))" "$BATS_TEST_TMPDIR/$1.events") && [ -n "$event" ]; }
note_there() { event=$(jq -nc "last(inputs | select(.client) | select($2))" "$BATS_TEST_TMPDIR/$1.events") && [ -n "$event" ] && [ "$event" != null ]; }
as_many_heard() { [ "$(count_heard "$1" "$2")" -ge "$3" ]; }

# heard NAME CONDITION [SECONDS]: waits for an event that matches; $event is the first one.
heard() {
	until_heard "${3:-10}" "$1" event_there "$1" "$2" && return
	echo "$1 has not received within ${3:-10} s: $2; but:"
	heard_all "$1"
	return 1
}

# heard_times NAME CONDITION N [SECONDS]: waits for N matching events, and checks that there are no
# more.
heard_times() {
	until_heard "${4:-10}" "$1" as_many_heard "$@" && [ "$(count_heard "$1" "$2")" = "$3" ] && return
	echo "$1 has not received $3 times: $2; but $(count_heard "$1" "$2") times:"
	heard_all "$1"
	return 1
}

# not_heard NAME CONDITION: checks that no event matches so far. Use it only after a later event was
# received (see `fence`).
not_heard() {
	event=$(jq -nc "[inputs | select(has(\"client\") | not) | select($2)] | first // empty" "$BATS_TEST_TMPDIR/$1.events") || { echo "$1: jq cannot judge: $2"; return 1; }
	[ -n "$event" ] || return 0
	echo "$1 has received: $event"
	return 1
}

# noted NAME CONDITION [SECONDS]: waits for a note of the client ({"client":"closed","code":4501}
# …); $event is the last one that matches.
noted() {
	until_heard "${3:-10}" "$1" note_there "$1" "$2" && return
	echo "$1 has not noted within ${3:-10} s: $2; but:"
	heard_all "$1"
	return 1
}

# closed_with NAME CODE [SECONDS]: checks that the stream was closed with this code (on SSE and
# poll: the code of its stream.bye).
closed_with() {
	noted "$1" '.client == "closed"' "${3:-10}" || return 1
	[ "$(jq -r '.code // empty' <<<"$event")" = "$2" ] && return
	event_there "$1" ".type == \"stream.bye\" and .data.code == $2" && return
	echo "$1 was not closed with $2:"
	heard_all "$1"
	return 1
}

# refused NAME STATUS CODE: checks that the stream was refused over HTTP, as SSE and poll are.
refused() {
	noted "$1" '.client == "refused"' && [ "$(jq -r '"\(.status) \(.body.code)"' <<<"$event")" = "$2 $3" ] && return
	heard_all "$1"
	return 1
}

# turned_away NAME TRANSPORT STATUS CODE CLOSE: checks the refusal in the form of the transport.
turned_away() {
	if [ "$2" = ws ]; then closed_with "$1" "$5"; else refused "$1" "$3" "$4"; fi
}

# raw CURL-ARGUMENT…: sends a request that helpers.bash has no command for. `expect` and `json`
# check its reply.
raw() { reply_status=$(curl -s -o "$BATS_TEST_TMPDIR/raw" -w '%{http_code}' "$@"); reply=$(<"$BATS_TEST_TMPDIR/raw"); reply_type=application/problem+json last_request=$*; }

# speak NAME LINE: sends a frame, or commands the client (!close, !drop, !shut, !ping, !pause,
# !resume, !binary HEX, !raw HEX). It fails when the client has ended.
speak() { timeout 20 bash -c 'cat 1<>"$0"' "$(stream_file "$1" orders)" <<<"$2"; }

# shut_behind PORT: sends its input to push, shuts its side down at once, and prints what it
# receives until push shuts down its side.
shut_behind() { node -e 'process.stdin.pipe(require("net").connect(process.argv[1], "127.0.0.1")).pipe(process.stdout)' "$1"; }

# half_open PORT N: checks that the other side alone has closed N connections of push.
half_open() { [ "$(ss -Htn state close-wait "sport = :$1" | wc -l)" = "$2" ]; }

stream_gone() { ! kill -0 "$(cat "$(stream_file "$1" pid)")" 2>/dev/null; }

# hang_up NAME: ends the client, which sends no close. A client ends between two events, and never
# between an event and its cursor.
hang_up() {
	kill -TERM "$(cat "$(stream_file "$1" pid)")" 2>/dev/null || true
	wait_until 10 stream_gone "$1"
}

hang_up_all() {
	local file
	for file in "$BATS_TEST_TMPDIR"/*.pid; do
		[ ! -e "$file" ] || kill -KILL "$(cat "$file")" 2>/dev/null || true
	done
}

# seqs NAME CONVERSATION: prints the events of a conversation that a client received, in their order
# of arrival.
seqs() { jq -nr "[inputs | select(.seq and .conversation_id == \"$2\") | .seq | tostring] | join(\" \")" "$BATS_TEST_TMPDIR/$1.events"; }
texts() { jq -nr "[inputs | select(.type == \"message.created\" and .conversation_id == \"$2\") | .data.text] | join(\" \")" "$BATS_TEST_TMPDIR/$1.events"; }

# in_order NAME CONVERSATION FIRST LAST: checks that each seq from FIRST to LAST arrived once, in
# ascending order. in_order_within waits for it.
seqs_are() { jq -ne "[inputs | select(.seq and .conversation_id == \"$2\") | .seq] == [range($3; $4 + 1)]" "$BATS_TEST_TMPDIR/$1.events" >/dev/null; }
in_order() {
	seqs_are "$@" && return
	echo "$1 has received in $2: $(seqs "$1" "$2"), and not $3..$4"
	return 1
}
in_order_within() {
	until_heard "$1" "$2" seqs_are "${@:2}" || true
	in_order "${@:2}"
}

# now_ms, elapsed_ms: measure a time in milliseconds: `since=$(now_ms)` … `[ $(elapsed_ms $since)
# -lt 5000 ]`.
now_ms() { date +%s%3N; }
elapsed_ms() { echo $(($(now_ms) - $1)); }

# sql_send SENDER TEXT [CLIENT_ID]: stores a message in $room as the api would, without a
# notification. Prints the payload for PUBLISH.
sql_send() {
	psql_banter "select event from message_send($room, $1, '${3:-sql-$RANDOM$RANDOM$RANDOM}', '$2', null, null)"
}

# hold NAME SQL: runs it in a transaction that stays open until `release NAME`, and prints the
# result. `held_sql NAME SQL` runs more in it.
hold() {
	mkfifo "$(stream_file "$1" sql)"
	PGAPPNAME=psql PGOPTIONS='-c search_path=banter -c idle_in_transaction_session_timeout=10min' psql -XAtq -v ON_ERROR_STOP=1 -d "$BANTER_DATABASE_OWNER_URL" \
		<>"$(stream_file "$1" sql)" >>"$(stream_file "$1" answers)" 2>&1 3>&- 4>&- &
	echo $! >"$(stream_file "$1" pid)"
	held_sql "$1" "begin; $2"
}
held_sql() {
	: >"$(stream_file "$1" answers)"
	printf '%s;\n\\echo =done=\n' "$2" >"$(stream_file "$1" sql)"
	wait_until 10 grep -q '^=done=' "$(stream_file "$1" answers)" || { cat "$(stream_file "$1" answers)"; return 1; }
	grep -v '^=done=' "$(stream_file "$1" answers)" || true
}
release() {
	held_sql "$1" "${2:-commit}"
	printf '\\q\n' >"$(stream_file "$1" sql)"
	wait_until 5 stream_gone "$1"
}

# publish CHANNEL PAYLOAD: publishes as the api does after COMMIT.
publish() { printf '%s' "$2" | redis -x publish "${BANTER_REDIS_PREFIX:-banter:}$1" >/dev/null; }

# fence NAME…: sends a message to $room as the current user, and waits until all these streams have
# received it.
fence() {
	local mark=fence.$RANDOM$RANDOM name
	send "$mark"
	for name; do heard "$name" ".data.text == \"$mark\"" || return 1; done
}

# token_of NAME [DEVICE], refresh_token_of …, device_of …: print it, and keep the current user.
token_of() (as_either "$@" && echo "$token")
refresh_token_of() (as_either "$@" && echo "$refresh_token")
device_of() (as_either "$@" && echo "$device_id")
as_either() { if [ $# -gt 1 ]; then as_device "$@"; else as "$1"; fi >&2; }

# ticket: prints a new stream ticket of the current user.
ticket() (post /v1/stream/tickets && expect 201 >&2 && json .ticket)

# forged EXPIRES [USER DEVICE]: prints an access token that is signed with the server's own key and
# expires then (seconds since 1970).
forged() {
	local claims head mark
	b64() { basenc --base64url -w0 | tr -d =; }
	head=$(printf '{"alg":"HS256","typ":"JWT"}' | b64)
	claims=$(printf '{"iss":"banter","aud":"banter","sub":"%s","did":"%s","jti":"%s","iat":%d,"exp":%d}' \
		"${2-$user_id}" "${3-$device_id}" "$RANDOM$RANDOM" "$(($1 - 900))" "$1" | b64)
	mark=$(printf '%s' "$head.$claims" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(<"$BANTER_SECRETS_DIR/jwt.key")" -binary | b64)
	echo "$head.$claims.$mark"
}

# further_push [SETTING=VALUE…]: starts another push process with its own settings on the same
# database and Redis, until the test ends. $further is its address, $further_part its name for
# `stack`.
further_push() {
	local port
	port=$(free_port)
	further=http://127.0.0.1:$port further_part=push@$port
	echo "$further_part" >>"$BATS_TEST_TMPDIR/further"
	env "$@" "$ROOT/scripts/stack" start "$further_part" 3>&- 4>&-
}

# swept N: waits until $further has finished N more rounds of its sweep.
rounds() { curl -s "$further/metrics" | sed -n 's/^banter_push_sweep_rounds_total //p'; }
rounds_above() { [ "$(rounds)" -gt "$1" ]; }
swept() { wait_until 60 rounds_above $(($(rounds) + $1 - 1)); }

# streams_end: ends the clients and further processes of a test.
streams_end() {
	local part
	hang_up_all
	if [ -e "$BATS_TEST_TMPDIR/further" ]; then
		while read -r part; do stack stop "$part"; done <"$BATS_TEST_TMPDIR/further"
	fi
}
