# Words for tests that read like a story: as alice; post /v1/conversations/$room/messages '{"client_id":"1","text":"hi"}'; expect 201.
# Loaded by every bats file: `load helpers` (chaos: `load ../helpers`).
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
URL=http://${BANTER_LISTEN:-127.0.0.1}:$BANTER_PORT
PUSH_URL=http://${BANTER_PUSH_LISTEN:-127.0.0.1}:$BANTER_PUSH_PORT
PASSWORD='correct horse battery'

# The one who acts now: set by `as`.
me='' token='' user_id='' device_id='' refresh_token=''
# The last reply: its status, type, body, and a file with its headers.
reply_status='' reply_type='' reply=''
scratch=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}
reply_headers=$scratch/headers
# Headers of the next request alone: header 'Origin: https://elsewhere.example'
next_headers=()

stack() { "$ROOT/scripts/stack" "$@"; }

# ---- people: each name is one user in a bats file, whoever tests it and in which order ----

# The name in the database; other files have an alice of their own.
name_of() { echo "$1.$(cksum <<<"$BATS_FILE_TMPDIR" | cut -d ' ' -f 1)"; }

# as NAME: acts as this user from now on; registers at the first use. `as nobody` acts without a token.
as() {
	local file=$BATS_FILE_TMPDIR/person.$1
	me=$1 token='' user_id='' device_id='' refresh_token=''
	[ "$1" != nobody ] || return 0
	if [ ! -s "$file" ]; then
		post /v1/auth/register "{\"name\":\"$(name_of "$1")\",\"password\":\"$PASSWORD\",\"display_name\":\"$1\",\"device_name\":\"first\"}"
		expect 201 || return 1
		printf '%s' "$reply" >"$file"
	fi
	device_from "$(cat "$file")"
}

# as_device NAME DEVICE: the same user on a further device, signed in at the first use.
as_device() {
	local file=$BATS_FILE_TMPDIR/person.$1.$2
	as "$1"
	if [ ! -s "$file" ]; then
		token=''
		post /v1/auth/login "{\"name\":\"$(name_of "$1")\",\"password\":\"$PASSWORD\",\"device_name\":\"$2\"}"
		expect 200 || return 1
		printf '%s' "$reply" >"$file"
	fi
	device_from "$(cat "$file")"
}

# Takes the reply to register or login as the identity of what follows.
device_from() {
	{ read -r token && read -r user_id && read -r device_id && read -r refresh_token; } < <(
		jq -r '.access_token, .user.id, .device_id, .refresh_token' <<<"$1")
}

# id_of NAME: prints this user's id; registers at the first use, and leaves who acts now as it is.
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

# call METHOD PATH [JSON]: sends it as who acts now, keeps the reply, and records it for the contract tests.
call() {
	local method=$1 path=$2 arguments=(-s --max-time 30 -X "$1" -D "$reply_headers" -o "$scratch/reply" -w '%{http_code} %{content_type}')
	if [ $# -gt 2 ]; then
		printf '%s' "$3" >"$scratch/request"
		arguments+=(-H 'Content-Type: application/json' --data-binary "@$scratch/request")
	fi
	if [ $# -le 2 ] && [ "$method" = POST ]; then arguments+=(-H 'Content-Length: 0'); fi # a POST without one is refused by lighttpd
	if [ -n "$token" ]; then arguments+=(-H "Authorization: Bearer $token"); fi
	: >"$scratch/reply"
	read -r reply_status reply_type < <(curl "${arguments[@]}" "${next_headers[@]}" "$URL$path") || true
	reply=$(<"$scratch/reply")
	next_headers=()
	last_request="$method $path"
	record "$method" "$path"
}

record() {
	[ -n "${BANTER_RECORD-}" ] || return 0
	local line
	line=$(jq -cn --arg method "$1" --arg path "$2" --arg status "$reply_status" --arg type "$reply_type" --rawfile body "$scratch/reply" \
		'{method: $method, path: $path, status: ($status | tonumber), content_type: $type, body: ($body | if . == "" then null else try fromjson catch . end)}')
	{ flock 7 && printf '%s\n' "$line" >&7; } 7>>"$BANTER_RECORD"
}

# expect STATUS [CODE]: the last reply has this status; with a code it is a problem of that name.
expect() {
	if [ "$reply_status" != "$1" ]; then
		echo "$last_request as ${me:-nobody}: $reply_status instead of $1: $reply" >&2
		return 1
	fi
	[ $# -gt 1 ] || return 0
	if [[ $reply_type != application/problem+json* ]] || [ "$(json '"\(.code) \(.status) \(.request_id != null)"')" != "$2 $1 true" ]; then
		echo "$last_request as ${me:-nobody}: not the problem $2: $reply_type $reply" >&2
		return 1
	fi
}

# json EXPRESSION [ARGUMENT…]: a jq expression on the last reply; strings come without quotes, everything else compact.
json() { jq -rc "$@" <<<"$reply"; }

# header_of NAME: a header of the last reply.
header_of() { sed -n "s/^$1: *//Ip" "$reply_headers" | tr -d '\r' | tail -n 1; }

# ---- conversations ----

# direct_with NAME: the direct conversation of who acts now with another; its id is $room.
direct_with() {
	post /v1/conversations "{\"kind\":\"direct\",\"user_id\":\"$(id_of "$1")\"}"
	[ "$reply_status" = 200 ] || expect 201 || return 1
	room=$(json .id)
}

# group TITLE NAME…: a new group of who acts now with the others; its id is $room.
group() {
	local title=$1 members=() name
	shift
	for name; do
		[ "$name" = "$me" ] || members+=("\"$(id_of "$name")\"")
	done
	post /v1/conversations "{\"kind\":\"group\",\"title\":\"$title\",\"members\":[$(IFS=,; echo "${members[*]}")]}"
	expect 201 || return 1
	room=$(json .id)
}

# send TEXT [CLIENT_ID]: a message into $room; its id is $message.
send() {
	local client_id=${2:-$RANDOM$RANDOM$RANDOM}
	post "/v1/conversations/$room/messages" "$(jq -cn --arg id "$client_id" --arg text "$1" '{client_id: $id, text: $text}')"
	expect 201 || return 1
	message=$(json .id)
}

# ---- the parts behind ----

# wait_until SECONDS COMMAND…: true as soon as the command is; false, with the command named, when the time is over.
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

psql_banter() { PGAPPNAME=psql PGOPTIONS='-c search_path=banter' psql -XAtq -v ON_ERROR_STOP=1 -d "$BANTER_DATABASE_URL" -c "$1"; }
redis() { stack redis "$@"; }

# workers_of PART: the numbers of the processes that do the work of api or push; `stack pid` is their supervisor's.
workers_of() { pgrep -P "$(stack pid "$1")"; }
