# Commands with which tests read like a story: as alice; post /v1/conversations/$room/messages
# '{"client_id":"1","text":"hi"}'; expect 201. Every bats file loads them: `load
# ../support/helpers`.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034

# Debian's psql is a script that looks for this one. It takes longer than most queries.
PATH=/usr/lib/postgresql/15/bin:$PATH

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/support/logs.bash
. "$ROOT/tests/support/logs.bash"
# shellcheck source=tests/support/ports.bash
. "$ROOT/tests/support/ports.bash"
URL=http://${BANTER_LISTEN:-127.0.0.1}:$BANTER_PORT
PUSH_URL=http://${BANTER_PUSH_LISTEN:-127.0.0.1}:$BANTER_PUSH_PORT
PASSWORD='correct horse battery'

# The current user, set by `as`.
me='' token='' user_id='' device_id='' refresh_token=''
# The last reply: its status, type, body, and a file with its headers.
reply_status='' reply_type='' reply=''
scratch=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}
reply_headers=$scratch/headers
# The headers of the next request only: header 'Origin: https://elsewhere.example'
next_headers=()

stack() { "$ROOT/scripts/stack" "$@"; }

# ---- users: each name is one user in a bats file, in whatever order its tests run ----

# The name in the database. Other files have an alice of their own.
name_of() {
	local kept=$BATS_FILE_TMPDIR/number number
	if [ ! -s "$kept" ]; then
		number=$(cksum <<<"$BATS_FILE_TMPDIR")
		echo "${number%% *}" >"$kept"
	fi
	read -r number <"$kept"
	echo "$1.$number"
}

# as NAME: makes this the current user, and registers it at first use. `as nobody` means no token.
as() {
	local file=$BATS_FILE_TMPDIR/person.$1
	me=$1 token='' user_id='' device_id='' refresh_token=''
	[ "$1" != nobody ] || return 0
	if [ ! -s "$file" ]; then
		post /v1/auth/register "{\"name\":\"$(name_of "$1")\",\"password\":\"$PASSWORD\",\"display_name\":\"$1\",\"device_name\":\"first\"}"
		expect 201 || return 1
		device_save "$file"
	fi
	device_load "$file"
}

# as_device NAME DEVICE: makes a further device of the user the current one; signs in at first use.
as_device() {
	local file=$BATS_FILE_TMPDIR/person.$1.$2
	as "$1"
	if [ ! -s "$file" ]; then
		token=''
		post /v1/auth/login "{\"name\":\"$(name_of "$1")\",\"password\":\"$PASSWORD\",\"device_name\":\"$2\"}"
		expect 200 || return 1
		device_save "$file"
	fi
	device_load "$file"
}

# device_save FILE: saves the identity in the last reply, to register or login. device_load FILE
# makes it the current one.
device_save() { jq -r '.access_token, .user.id, .device_id, .refresh_token' <<<"$reply" >"$1"; }
device_load() { { read -r token && read -r user_id && read -r device_id && read -r refresh_token; } <"$1"; }

# device_from REPLY: makes the identity in a reply to register or login the current one.
device_from() { device_load <(reply=$1 && device_save /dev/stdout); }

# id_of NAME: prints this user's id. Registers at first use, and keeps the current user.
id_of() (
	as "$1" >&2
	echo "$user_id"
)

# ---- requests ----

header() { next_headers+=(-H "$1"); }

get() { call GET "$1"; }
delete() { call DELETE "$1"; }
post() { call POST "$@"; }
put() { call PUT "$@"; }
patch() { call PATCH "$@"; }

# call METHOD PATH [JSON]: sends a request as the current user, keeps the reply, and records it for
# the contract tests.
call() {
	local method=$1 path=$2 arguments=(-s --max-time 30 -X "$1" -D "$reply_headers" -o "$scratch/reply" -w '%{http_code} %{content_type}')
	if [ $# -gt 2 ]; then
		printf '%s' "$3" >"$scratch/request"
		arguments+=(-H 'Content-Type: application/json' --data-binary "@$scratch/request")
	fi
	# a POST without one is refused by lighttpd
	if [ $# -le 2 ] && [ "$method" = POST ]; then arguments+=(-H 'Content-Length: 0'); fi
	if [ -n "$token" ]; then arguments+=(-H "Authorization: Bearer $token"); fi
	: >"$scratch/reply"
	read -r reply_status reply_type < <(curl "${arguments[@]}" "${next_headers[@]}" "$URL$path") || true
	reply=$(<"$scratch/reply")
	next_headers=()
	last_request="$method $path"
	record "$method" "$path"
}

# record METHOD PATH: records the reply. A reply of one line is written as it is, because jq starts
# slowly.
record() {
	[ -n "${BANTER_RECORD-}" ] || return 0
	local line body=$reply
	if [[ $2 != *[\"\\[:cntrl:]]* && (-z $body || ($reply_type =~ ^application/(problem\+)?json && $body != *$'\n'*)) ]]; then
		line="{\"method\":\"$1\",\"path\":\"$2\",\"status\":$((10#${reply_status:-0})),\"content_type\":\"$reply_type\",\"body\":${body:-null}}"
	else
		line=$(jq -cn --arg method "$1" --arg path "$2" --arg status "$reply_status" --arg type "$reply_type" --rawfile body "$scratch/reply" \
			'{method: $method, path: $path, status: ($status | tonumber), content_type: $type, body: ($body | if . == "" then null else try fromjson catch . end)}')
	fi
	{ flock 7 && printf '%s\n' "$line" >&7; } 7>>"$BANTER_RECORD"
}

# expect STATUS [CODE]: checks the status of the last reply; with a code it is a problem with it.
expect() {
	if [ "$reply_status" != "$1" ]; then
		echo "$last_request as ${me:-nobody}: $reply_status instead of $1: $reply" >&2
		return 1
	fi
	[ $# -gt 1 ] || return 0
	[[ $reply_type != application/problem+json* || $reply != *"\"status\":$1,\"code\":\"$2\",\"request_id\":\""* ]] || return 0
	if [[ $reply_type != application/problem+json* ]] || [ "$(json '"\(.code) \(.status) \(.request_id != null)"')" != "$2 $1 true" ]; then
		echo "$last_request as ${me:-nobody}: not the problem $2: $reply_type $reply" >&2
		return 1
	fi
}

# json EXPRESSION [ARGUMENT…]: applies a jq expression to the last reply. Prints strings without
# quotes, other values compactly.
json() { jq -rc "$@" <<<"$reply"; }

# reply_id: prints the id with which the last reply begins, or else its .id.
reply_id() { if [[ $reply =~ ^\{\"id\":\"([0-9]+)\" ]]; then echo "${BASH_REMATCH[1]}"; else json .id; fi; }

# header_of NAME: prints a header of the last reply.
header_of() { sed -n "s/^$1: *//Ip" "$reply_headers" | tr -d '\r' | tail -n 1; }

# ---- conversations ----

# direct_with NAME: opens the current user's direct conversation with another; $room is its id.
direct_with() {
	post /v1/conversations "{\"kind\":\"direct\",\"user_id\":\"$(id_of "$1")\"}"
	[ "$reply_status" = 200 ] || expect 201 || return 1
	room=$(reply_id)
}

# group TITLE NAME…: creates a group of the current user with others; $room is its id.
group() {
	local title=$1 members=() name
	shift
	for name; do
		[ "$name" = "$me" ] || members+=("\"$(id_of "$name")\"")
	done
	post /v1/conversations "{\"kind\":\"group\",\"title\":\"$title\",\"members\":[$(IFS=,; echo "${members[*]}")]}"
	expect 201 || return 1
	room=$(reply_id)
}

# send TEXT [CLIENT_ID]: sends a message to $room; $message is its id.
send() {
	local client_id=${2:-$RANDOM$RANDOM$RANDOM} body
	if [[ "$client_id$1" =~ ^[A-Za-z0-9\ .,:@_-]*$ ]]; then
		body="{\"client_id\":\"$client_id\",\"text\":\"$1\"}"
	else
		body=$(jq -cn --arg id "$client_id" --arg text "$1" '{client_id: $id, text: $text}')
	fi
	post "/v1/conversations/$room/messages" "$body"
	expect 201 || return 1
	message=$(reply_id)
}

# ---- the programs ----

# wait_until SECONDS COMMAND…: waits until the command succeeds. Fails, and names the command, when
# the time is over.
wait_until() {
	local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000)) seconds=$1
	shift
	until "$@"; do
		if [ "${EPOCHREALTIME/./}" -gt $deadline ]; then
			echo "not within $seconds s: $*" >&2
			return 1
		fi
		sleep 0.05
	done
}

# psql_banter SQL: runs it as the owner of the database.
psql_banter() { PGAPPNAME=psql PGOPTIONS='-c search_path=banter' psql -XAtq -v ON_ERROR_STOP=1 -d "$BANTER_DATABASE_OWNER_URL" -c "$1"; }
redis() { stack redis "$@"; }

# workers_of PART: prints the process ids of the workers of api or push. `stack pid` prints their
# supervisor's.
workers_of() { pgrep -P "$(stack pid "$1")"; }
