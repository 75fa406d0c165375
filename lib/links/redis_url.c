/* SPDX-License-Identifier: MIT */
/* The parser of Redis's URL. */
#include "lib/links/redis_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/percent.h"

static const struct scheme {
	const char *text;
	bool is_path, is_tls;
} schemes[] = {
	{ "unix://", .is_path = true },
	{ "redis://", .is_path = false },
	{ "rediss://", .is_tls = true },
};

/*
 * Parses an integer from low to high. It ends at the end of the text or at one of the bytes in
 * ends.
 */
static bool
number_parse(const char *text, const char *ends, long low, long high, int *out)
{
	size_t len = strspn(text, "0123456789");

	*out = len && len < 7 ? (int)strtol(text, NULL, 10) : -1;
	return *out >= low && *out <= high && (text[len] == '\0' || strchr(ends, text[len]));
}

/*
 * Parses "user:password@", if it is there, and moves behind it. A user without a password is an
 * error.
 */
static bool
credentials_parse(const char **text, struct redis_url *out)
{
	const char *end = strpbrk(*text, "@/?");
	const char *start = *text;

	if (!end || *end != '@')
		return true;
	const char *colon = memchr(start, ':', (size_t)(end - start));
	*text = end + 1;
	return colon && colon + 1 < end && percent_decode(start, (size_t)(colon - start), false, out->user, sizeof out->user) &&
	       percent_decode(colon + 1, (size_t)(end - colon - 1), false, out->password, sizeof out->password);
}

/* Parses "host", "host:port" or "[host]:port", and "/database" behind it. */
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
	if (*rest == ':') {
		if (!number_parse(rest + 1, "/", 1, 65535, &out->port))
			return false;
		rest += 1 + strspn(rest + 1, "0123456789");
	}
	if (*rest == '\0' || strcmp(rest, "/") == 0)
		return true;
	return *rest == '/' && number_parse(rest + 1, "", 0, REDIS_DATABASES - 1, &out->database);
}

/* Parses "/path", and "?db=database" behind it. */
static bool
path_parse(const char *text, struct redis_url *out)
{
	size_t len = strcspn(text, "?");

	if (*text != '/' || !percent_decode(text, len, false, out->place, sizeof out->place))
		return false;
	if (!text[len])
		return true;
	return strncmp(text + len, "?db=", 4) == 0 && number_parse(text + len + 4, "", 0, REDIS_DATABASES - 1, &out->database);
}

bool
redis_url_parse(const char *url, struct redis_url *out)
{
	memset(out, 0, sizeof *out);
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
		const struct scheme *s = &schemes[i];
		if (strncmp(url, s->text, strlen(s->text)) != 0)
			continue;
		url += strlen(s->text);
		out->is_path = s->is_path;
		out->is_tls = s->is_tls;
		return credentials_parse(&url, out) && (s->is_path ? path_parse(url, out) : host_parse(url, out));
	}
	return false;
}
