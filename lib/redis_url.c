/* SPDX-License-Identifier: MIT */
/* Where Redis is. */
#include "redis_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char unix_scheme[] = "unix://", tcp_scheme[] = "redis://";

static bool
port_parse(const char *text, int *port)
{
	char *end;
	long value = strtol(text, &end, 10);

	*port = (int)value;
	return end != text && (*end == '\0' || *end == '/') && value > 0 && value <= 65535;
}

/* "host", "host:port", "[host]:port", with or without a path behind it. */
static bool
host_parse(const char *text, struct redis_url *out)
{
	bool bracketed = *text == '[';
	const char *host = text + bracketed;
	size_t len = strcspn(host, bracketed ? "]" : ":/");
	const char *rest = host + len;

	if (len == 0 || len >= sizeof out->place || (bracketed && *rest++ != ']'))
		return false;
	snprintf(out->place, sizeof out->place, "%.*s", (int)len, host);
	out->port = REDIS_PORT;
	if (*rest == ':')
		return port_parse(rest + 1, &out->port);
	return *rest == '\0' || *rest == '/';
}

bool
redis_url_parse(const char *url, struct redis_url *out)
{
	memset(out, 0, sizeof *out);
	if (strncmp(url, unix_scheme, strlen(unix_scheme)) == 0) {
		out->is_path = true;
		url += strlen(unix_scheme);
		return snprintf(out->place, sizeof out->place, "%s", url) < (int)sizeof out->place && *url == '/';
	}
	return strncmp(url, tcp_scheme, strlen(tcp_scheme)) == 0 && host_parse(url + strlen(tcp_scheme), out);
}
