#!/bin/sh
# Prints the part of the front door's configuration that settings decide. lighttpd.conf includes it.
# Settings come from the environment.
# SPDX-License-Identifier: MIT
set -euf

# list_of WORDS: prints the comma-separated words of a setting, one a line. Fails at a word with a
# character that has a meaning to lighttpd. The failure ends the start only where the words are
# assigned to a variable.
list_of() {
	for word in $(printf '%s' "$1" | tr ',' ' '); do
		case $word in *[!A-Za-z0-9.:/*_-]*)
			echo "banter: this cannot stand in a setting of the front door: $word" >&2
			exit 1
			;;
		esac
		echo "$word"
	done
}

# path_of NAME VALUE: prints the path of a file, for a text in quotation marks.
path_of() {
	case $2 in
	*[\"\$\\]*) echo "banter: $1 cannot be used: $2" >&2 && exit 1 ;;
	esac
	printf '%s' "$2"
}

listen=$(list_of "${BANTER_LISTEN-127.0.0.1}")
descriptors=$(list_of "${FRONT_DESCRIPTORS:-16000}")
proxies=$(list_of "${BANTER_PUSH_PROXIES-127.0.0.1,::1}")
base=$(list_of "${BANTER_BASE_PATH-}")
origins=$(list_of "${BANTER_ORIGINS-}")
socket=$(path_of BANTER_STATE "${FRONT_SOCKET-}")
certificate=$(path_of BANTER_TLS_CERTIFICATE "${BANTER_TLS_CERTIFICATE-}")
key=$(path_of BANTER_TLS_KEY "${BANTER_TLS_KEY-}")

# HAProxy listens, counts connections, and passes them on to a socket; or lighttpd listens itself.
if [ -n "$socket" ]; then
	echo "server.bind = \"$socket\""
else
	case $listen in
	*:*) echo "server.bind = \"[$listen]\"" ;;
	*) echo "server.bind = \"$listen\"" ;;
	esac
	# All addresses are those of IPv4 too.
	echo 'server.set-v6only = "disable"'
fi
# A third of the descriptors are connections.
echo "server.max-fds = $descriptors"

if [ -n "$certificate" ]; then
	echo 'server.modules += ("mod_openssl")'
	echo 'ssl.engine = "enable"'
	echo "ssl.pemfile = \"$certificate\""
	if [ -n "$key" ]; then echo "ssl.privkey = \"$key\""; fi
fi

# Proxies before the front door: the client is the last address in X-Forwarded-For that is none of
# them. mod_proxy passes it to push.
if [ -n "$proxies$socket" ]; then echo 'server.modules += ("mod_extforward")'; fi
if [ -n "$proxies" ]; then
	echo 'extforward.headers = ("X-Forwarded-For")'
	echo 'extforward.forwarder = ('
	for proxy in $proxies; do echo "	\"$proxy\" => \"trust\","; done
	echo ')'
fi
# The address of what comes by the socket is its path, until HAProxy has told that of the client.
if [ -n "$socket" ]; then
	echo 'extforward.hap-PROXY = "enable"'
	# shellcheck disable=SC2016
	echo '$HTTP["remoteip"] =~ "^/" { extforward.forwarder = ("all" => "trust") }'
fi

# Under a path: requests of a proxy that did not strip it. The page needs its / at the end.
if [ -n "$base" ]; then
	pattern=$(printf '%s' "$base" | sed 's/[.*]/[&]/g')
	echo 'server.modules += ("mod_rewrite")'
	echo "url.rewrite-once = (\"^$pattern/(.*)\" => \"/\$1\")"
	echo "url.redirect = (\"^$pattern(\\?.*)?\$\" => \"$base/\$1\")"
	echo 'url.redirect-code = 308'
fi

# A page of another origin can read the front door's own answers (413, 503) by the same headers that
# api and push send. The last block that fits counts, so the one for all comes first.
for origin in $(printf '%s\n' "$origins" | grep -x '\*') $(printf '%s\n' "$origins" | grep -vx '\*'); do
	allowed=$origin credentials='"Access-Control-Allow-Credentials" => "true",'
	if [ "$origin" = '*' ]; then match='=~ "."' credentials=''; else match="== \"$origin\""; fi
	cat <<-CONF
		\$REQUEST_HEADER["Origin"] $match {
			\$HTTP["url"] =~ "^/(v1(/|\$)|healthz\$|readyz\$)" {
				setenv.set-response-header = (
					"Access-Control-Allow-Origin" => "$allowed", $credentials
					"Access-Control-Expose-Headers" => "X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset",
					"Vary" => "Origin"
				)
			}
		}
	CONF
done
