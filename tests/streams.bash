# Streams in a test: `listen bob ws` opens one, `heard bob '.type == "message.created"'` waits for an event, `hang_up bob` ends it.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034

CLIENT=$ROOT/tests/clients/stream.mjs
TRANSPORTS=(ws sse poll)

# What a stream leaves behind: NAME.events (what was heard), NAME.cursor, NAME.orders (a fifo), NAME.pid, NAME.errors.
stream_file() { printf '%s/%s.%s' "$BATS_TEST_TMPDIR" "$1" "$2"; }

# listen NAME TRANSPORT [OPTION…]: opens a stream as the current user and waits until it is ready, was refused, or has ended.
# NAME is what the test calls it. The options are those of clients/stream.mjs; without credentials among them the token of `as` is used, and
# --nobody stands for none at all. The cursor is kept: who listens again under the same name goes on where it ended.
# STREAM_URL in the environment: another address than the front door.
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

# Ready is said by the stream itself, or by the first answer of a poll. Without credentials the handshake is all there is.
stream_settled() {
	jq -e --slurp --argjson nobody "$2" '
		.[(map(.client == "listen") | rindex(true)):]
		| any(.type == "stream.ready" or .client == "closed" or (.client == "open" and (has("events") or $nobody)))' \
		"$BATS_TEST_TMPDIR/$1.events" >/dev/null
}

# until_heard SECONDS NAME COMMAND…: as wait_until, but it looks only when NAME has heard something new. A line that is still being written counts when it has grown.
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

# The stream's own lines, without the notes of the client, and the other way round.
events_of() { jq -c 'select(has("client") | not)' "$BATS_TEST_TMPDIR/$1.events"; }
notes_of() { jq -c 'select(.client)' "$BATS_TEST_TMPDIR/$1.events"; }
heard_all() { cut -c1-1000 "$BATS_TEST_TMPDIR/$1.events" 2>/dev/null; }

# count_heard NAME CONDITION: how many events fulfil it (jq, on one event).
count_heard() { jq -n "[inputs | select(has(\"client\") | not) | select($2)] | length" "$BATS_TEST_TMPDIR/$1.events"; }
event_there() { event=$(jq -nc "first(inputs | select(has(\"client\") | not) | select($2))" "$BATS_TEST_TMPDIR/$1.events") && [ -n "$event" ]; }
note_there() { event=$(jq -nc "last(inputs | select(.client) | select($2))" "$BATS_TEST_TMPDIR/$1.events") && [ -n "$event" ] && [ "$event" != null ]; }
as_many_heard() { [ "$(count_heard "$1" "$2")" -ge "$3" ]; }

# heard NAME CONDITION [SECONDS]: waits for such an event; $event is the first one.
heard() {
	until_heard "${3:-10}" "$1" event_there "$1" "$2" && return
	echo "$1 has not heard within ${3:-10} s: $2; but:"
	heard_all "$1"
	return 1
}

# heard_times NAME CONDITION N [SECONDS]: waits for N of them, and then there must be just N.
heard_times() {
	until_heard "${4:-10}" "$1" as_many_heard "$@" && [ "$(count_heard "$1" "$2")" = "$3" ] && return
	echo "$1 has not heard $3 times: $2; but $(count_heard "$1" "$2") times:"
	heard_all "$1"
	return 1
}

# not_heard NAME CONDITION: none until now. Only after something that came later has been heard (see `fence`).
not_heard() {
	event_there "$1" "$2" || return 0
	echo "$1 has heard: $event"
	return 1
}

# noted NAME CONDITION [SECONDS]: the same as heard for what the client notes ({"client":"closed","code":4501} …); $event is the last one.
noted() {
	until_heard "${3:-10}" "$1" note_there "$1" "$2" && return
	echo "$1 has not noted within ${3:-10} s: $2; but:"
	heard_all "$1"
	return 1
}

# closed_with NAME CODE [SECONDS]: the stream has ended with this code (on SSE and poll: that of its stream.bye).
closed_with() {
	noted "$1" '.client == "closed"' "${3:-10}" || return 1
	[ "$(jq -r '.code // empty' <<<"$event")" = "$2" ] && return
	event_there "$1" ".type == \"stream.bye\" and .data.code == $2" && return
	echo "$1 was not closed with $2:"
	heard_all "$1"
	return 1
}

# refused NAME STATUS CODE: SSE and poll say it in HTTP.
refused() {
	noted "$1" '.client == "refused"' && [ "$(jq -r '"\(.status) \(.body.code)"' <<<"$event")" = "$2 $3" ] && return
	heard_all "$1"
	return 1
}

# turned_away NAME TRANSPORT STATUS CODE CLOSE: the same refusal, as the transport says it.
turned_away() {
	if [ "$2" = ws ]; then closed_with "$1" "$5"; else refused "$1" "$3" "$4"; fi
}

# raw CURL-ARGUMENT…: a request that the words of helpers.bash cannot say; `expect` and `json` look at its reply.
raw() { reply_status=$(curl -s -o "$BATS_TEST_TMPDIR/raw" -w '%{http_code}' "$@"); reply=$(<"$BATS_TEST_TMPDIR/raw"); reply_type=application/problem+json last_request=$*; }

# speak NAME LINE: a frame up the socket, or an order to the client (!close, !drop, !shut, !ping, !pause, !resume, !binary HEX, !raw HEX). A client that
# has ended does not read what is written: that fails.
speak() { timeout 20 bash -c 'cat 1<>"$0"' "$(stream_file "$1" orders)" <<<"$2"; }

# shut_behind PORT: says to push what comes in, shuts its own side at once, and prints what it is told until the other side is shut as well.
shut_behind() { node -e 'process.stdin.pipe(require("net").connect(process.argv[1], "127.0.0.1")).pipe(process.stdout)' "$1"; }

# half_open PORT N: so many of push's connections have been ended by the other side alone.
half_open() { [ "$(ss -Htn state close-wait "sport = :$1" | wc -l)" = "$2" ]; }

stream_gone() { ! kill -0 "$(cat "$(stream_file "$1" pid)")" 2>/dev/null; }

# hang_up NAME: the client is gone, without a word. A line that it was writing is cut off by that, and was not heard.
hang_up() {
	local events
	events=$(stream_file "$1" events)
	kill -KILL "$(cat "$(stream_file "$1" pid)")" 2>/dev/null || true
	wait_until 5 stream_gone "$1" || return 1
	[ ! -s "$events" ] || [ -z "$(tail -c 1 "$events")" ] || sed -i '$d' "$events"
}

hang_up_all() {
	local file
	for file in "$BATS_TEST_TMPDIR"/*.pid; do
		[ ! -e "$file" ] || kill -KILL "$(cat "$file")" 2>/dev/null || true
	done
}

# What a client has heard of a conversation, in the order of arrival.
seqs() { jq -nr "[inputs | select(.seq and .conversation_id == \"$2\") | .seq | tostring] | join(\" \")" "$BATS_TEST_TMPDIR/$1.events"; }
texts() { jq -nr "[inputs | select(.type == \"message.created\" and .conversation_id == \"$2\") | .data.text] | join(\" \")" "$BATS_TEST_TMPDIR/$1.events"; }

# in_order NAME CONVERSATION FIRST LAST: each seq from FIRST to LAST once, ascending. in_order_within waits for it.
seqs_are() { jq -ne "[inputs | select(.seq and .conversation_id == \"$2\") | .seq] == [range($3; $4 + 1)]" "$BATS_TEST_TMPDIR/$1.events" >/dev/null; }
in_order() {
	seqs_are "$@" && return
	echo "$1 has heard in $2: $(seqs "$1" "$2"), and not $3..$4"
	return 1
}
in_order_within() {
	until_heard "$1" "$2" seqs_are "${@:2}" || true
	in_order "${@:2}"
}

# Milliseconds between two moments: `since=$(now_ms)` … `[ $(elapsed_ms $since) -lt 5000 ]`.
now_ms() { date +%s%3N; }
elapsed_ms() { echo $(($(now_ms) - $1)); }

# sql_send SENDER TEXT [CLIENT_ID]: stores a message in $room as the api would, but rings no bell; prints the payload that PUBLISH would carry.
sql_send() {
	psql_banter "select event from message_send($room, $1, '${3:-sql-$RANDOM$RANDOM$RANDOM}', '$2', null, null)"
}

# hold NAME SQL: runs it in a transaction that stays open until `release NAME`; prints what it answers. `held_sql NAME SQL` adds to it.
hold() {
	mkfifo "$(stream_file "$1" sql)"
	PGAPPNAME=psql PGOPTIONS='-c search_path=banter' psql -XAtq -v ON_ERROR_STOP=1 -d "$BANTER_DATABASE_URL" \
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

# publish CHANNEL PAYLOAD: what the api does after COMMIT.
publish() { printf '%s' "$2" | redis -x publish "${BANTER_REDIS_PREFIX:-banter:}$1" >/dev/null; }

# fence NAME…: sends a message into $room as the current user and waits until all these streams have heard it.
fence() {
	local mark=fence.$RANDOM$RANDOM name
	send "$mark"
	for name; do heard "$name" ".data.text == \"$mark\"" || return 1; done
}

# token_of NAME [DEVICE], refresh_token_of …, device_of …: printed, and who acts now stays as it is.
token_of() (as_either "$@" && echo "$token")
refresh_token_of() (as_either "$@" && echo "$refresh_token")
device_of() (as_either "$@" && echo "$device_id")
as_either() { if [ $# -gt 1 ]; then as_device "$@"; else as "$1"; fi >&2; }

# ticket: prints a fresh stream ticket of who acts now.
ticket() (post /v1/stream/tickets && expect 201 >&2 && json .ticket)

# forged EXPIRES [USER DEVICE]: an access token signed with the server's own key, with this expiry (seconds since 1970).
forged() {
	local claims head mark
	b64() { basenc --base64url -w0 | tr -d =; }
	head=$(printf '{"alg":"HS256","typ":"JWT"}' | b64)
	claims=$(printf '{"iss":"banter","aud":"banter","sub":"%s","did":"%s","jti":"%s","iat":%d,"exp":%d}' \
		"${2-$user_id}" "${3-$device_id}" "$RANDOM$RANDOM" "$(($1 - 900))" "$1" | b64)
	mark=$(printf '%s' "$head.$claims" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(<"$BANTER_SECRETS_DIR/jwt.key")" -binary | b64)
	echo "$head.$claims.$mark"
}

# further_push [SETTING=VALUE…]: one more push process on the same database and Redis, with settings of its own, until the test ends.
# $further is its address, $further_part its name for `stack`.
further_push() {
	local port
	while port=$((10000 + RANDOM % 22000)) && (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
	further=http://127.0.0.1:$port further_part=push@$port
	echo "$further_part" >>"$BATS_TEST_TMPDIR/further"
	env "$@" "$ROOT/scripts/stack" start "$further_part" 3>&- 4>&-
}

# swept N: $further has ended so many rounds of its sweep more than now.
rounds() { curl -s "$further/metrics" | sed -n 's/^banter_push_sweep_rounds_total //p'; }
rounds_above() { [ "$(rounds)" -gt "$1" ]; }
swept() { wait_until 60 rounds_above $(($(rounds) + $1 - 1)); }

# The end of every test: clients and further processes go.
streams_end() {
	local part
	hang_up_all
	if [ -e "$BATS_TEST_TMPDIR/further" ]; then
		while read -r part; do stack stop "$part"; done <"$BATS_TEST_TMPDIR/further"
	fi
}
