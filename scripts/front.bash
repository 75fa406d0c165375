# The front door: its addresses, limits and TLS, and how lighttpd and HAProxy are started. Sourced
# by scripts/parts.bash.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2153,SC2154

# Completes the settings of TLS. Secure cookies are the default only with TLS.
tls_read() {
	SCHEME=http
	[ -n "$BANTER_TLS_CERTIFICATE" ] || return 0
	SCHEME=https
	: "${BANTER_COOKIE_SECURE:=on}"
	if [ "$BANTER_TLS_CERTIFICATE" = self-signed ]; then
		BANTER_TLS_CERTIFICATE=$STATE/secrets/tls.crt BANTER_TLS_KEY=$STATE/secrets/tls.key
	fi
}

# Sets the limits of the front door from its settings. A connection takes two descriptors in HAProxy
# and up to three in lighttpd.
front_read() {
	local name hard
	for name in BANTER_CONNECTIONS BANTER_CONNECTIONS_PER_ADDRESS; do
		[[ ${!name} =~ ^(0|[1-9][0-9]{0,6})$ ]] || die "$name is not a number: ${!name}"
	done
	[ "$BANTER_CONNECTIONS" -ge 10 ] || die "BANTER_CONNECTIONS is below 10"
	front_descriptors=$((3 * BANTER_CONNECTIONS + 1000)) hard=$(ulimit -Hn)
	if [ "$hard" != unlimited ] && [ "$hard" -lt $front_descriptors ]; then front_descriptors=$hard; fi
	front_socket=''
	if [ "$BANTER_CONNECTIONS_PER_ADDRESS" != 0 ]; then front_socket=$SOCKETS/front.sock; fi
}

# Makes the self-signed certificate with the names of this machine, if it is wanted and missing.
tls_make() {
	[ "$BANTER_TLS_CERTIFICATE" = "$STATE/secrets/tls.crt" ] && ! "${as_owner[@]}" test -s "$BANTER_TLS_CERTIFICATE" || return 0
	"${as_owner[@]}" openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj "/CN=localhost" \
		-addext "subjectAltName=DNS:localhost,DNS:$(hostname),IP:127.0.0.1,IP:::1" -keyout "$BANTER_TLS_KEY" -out "$BANTER_TLS_CERTIFICATE" \
		>"$STATE/run/tls.log" 2>&1 || { cat "$STATE/run/tls.log" >&2; return 1; }
}

# Calls our own front door. Its certificate may have another name.
curl_front() { curl -sk -m 5 "$@"; }

# Prints the address to connect to for an address to listen on.
address_to_call() {
	case $1 in
	::) echo ::1 ;;
	0.0.0.0) echo 127.0.0.1 ;;
	*) echo "$1" ;;
	esac
}

address_in_url() { case $1 in *:*) echo "[$1]" ;; *) echo "$1" ;; esac; }

# Returns whether the part listens on the port of the front door.
front_listens() { if [ -n "$front_socket" ]; then [ "$1" = haproxy ]; else [ "$1" = lighttpd ]; fi; }

start_lighttpd() {
	local call=()
	tls_make || return 1
	# Installed files of a version without HAProxy: a part restarts as it was.
	[ -e "$SHARE/haproxy.conf" ] || front_socket=''
	if [ -n "$front_socket" ]; then
		rm -f "$front_socket"
		call=(--unix-socket "$front_socket" --haproxy-protocol)
	else
		port_free "$BANTER_LISTEN" "$BANTER_PORT" || return 1
	fi
	# lighttpd writes a request's query into some error lines. A ticket must not be in a log.
	# shellcheck disable=SC2016
	launch lighttpd env FRONT_SOCKET="$front_socket" FRONT_DESCRIPTORS="$front_descriptors" \
		bash -c 'exec lighttpd -D -f "$0" 2> >(exec sed -u "s/?[^ ]*/?.../")' "$SHARE/lighttpd.conf"
	part_ready lighttpd 10 curl_front "${call[@]}" -o /dev/null "$URL/healthz" || return 1
	# After an upgrade lighttpd may be restarted before HAProxy.
	if [ -n "$front_socket" ] && [ ! -e "$STATE/run/haproxy.pid" ]; then start_haproxy; fi
}

# lighttpd uses a third of its descriptors for connections. HAProxy queues the rest.
start_haproxy() {
	local bind peer=${BANTER_PUSH_PEER_SECONDS:-30} connections=$((front_descriptors / 3 - 10))
	port_free "$BANTER_LISTEN" "$BANTER_PORT" || return 1
	bind=$(address_in_url "$BANTER_LISTEN"):$BANTER_PORT
	if [ "$BANTER_LISTEN" = :: ]; then bind+=,0.0.0.0:$BANTER_PORT; fi
	launch haproxy env FRONT_BIND="$bind" FRONT_SOCKET="$front_socket" FRONT_ADMIN_SOCKET="$SOCKETS/door" FRONT_DESCRIPTORS="$front_descriptors" \
		FRONT_CONNECTIONS="$connections" FRONT_PER_ADDRESS="$BANTER_CONNECTIONS_PER_ADDRESS" FRONT_PER_PROXY="$((connections * 4 / 5))" \
		FRONT_PROXIES="$(tr , ' ' <<<"${BANTER_PUSH_PROXIES-127.0.0.1,::1}")" FRONT_DRAIN_SECONDS="$((BANTER_DRAIN_SECONDS + 3))" \
		FRONT_PEER_SECONDS="$peer" FRONT_PROBE_SECONDS="$((peer / 3 + 1))" haproxy -db -f "$SHARE/haproxy.conf"
	part_ready haproxy 10 curl_front -o /dev/null "$URL/healthz"
}
