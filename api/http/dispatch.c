/* SPDX-License-Identifier: MIT */
/* The way from a request to the handler of its route. */
#include "api/http/dispatch.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "api/http/input.h"
#include "api/http/known.h"
#include "api/http/reply.h"
#include "lib/auth/address.h"
#include "lib/auth/bearer.h"
#include "lib/auth/revoked.h"
#include "lib/base/id.h"

static struct {
	const struct rest_route *routes;
	int count;
} table;

void
dispatch_open(const struct rest_route *routes, int count)
{
	table.routes = routes;
	table.count = count;
}

const struct rest_route *
dispatch_route(int place)
{
	return place < table.count ? &table.routes[place] : NULL;
}

/* ---- finding ---- */

/* Returns whether a path (decoded, "/a/b") matches a route's path. */
static bool
path_fits(const char *form, const char *path)
{
	while (*form && *path) {
		size_t want = strcspn(form + 1, "/"), got = strcspn(path + 1, "/");
		if (form[1] == ':' ? got == 0 : want != got || memcmp(form + 1, path + 1, got) != 0)
			return false;
		form += 1 + want;
		path += 1 + got;
	}
	return *form == *path;
}

static bool
method_fits(const struct rest_route *route, const char *method)
{
	return strcmp(route->method, strcmp(method, "HEAD") == 0 ? "GET" : method) == 0;
}

/* Finds a route. Returns NULL if there is none, and adds the path's other methods to the text. */
static const struct rest_route *
route_find(const char *path, const char *method, struct text *others)
{
	for (int i = 0; i < table.count; i++) {
		if (!path_fits(table.routes[i].path, path))
			continue;
		if (method_fits(&table.routes[i], method))
			return &table.routes[i];
		text_printf(others, others->len ? ", %s" : "%s", table.routes[i].method);
	}
	return NULL;
}

/* ---- the columns ---- */

/* Each check returns false when it has replied. */

static bool
check_token(struct request *r)
{
	struct token token;
	enum token_verdict verdict = TOKEN_BAD;

	if (strncasecmp(r->authorization, "Bearer ", 7) == 0)
		verdict = bearer_check(r->authorization + 7, strlen(r->authorization + 7), &token);
	if (verdict != TOKEN_GOOD) {
		reply_error(r, verdict == TOKEN_EXPIRED ? ERROR_TOKEN_EXPIRED : ERROR_UNAUTHENTICATED);
		return false;
	}
	if (revoked_is(token.device)) {
		reply_error(r, ERROR_DEVICE_REVOKED);
		return false;
	}
	r->user = token.user;
	r->device = token.device;
	if (known_device(r))
		return true;
	r->user = r->device = 0;
	return false;
}

static bool
check_rate(struct request *r)
{
	struct allowance a = limiter_take(r->rate, r->user ? (uint64_t)r->user : address_of_text(r->address, strlen(r->address)), r->started_us);

	if (a.limit) {
		reply_header(r, "RateLimit-Limit", "%ld", a.limit);
		reply_header(r, "RateLimit-Remaining", "%ld", a.remaining);
		reply_header(r, "RateLimit-Reset", "%ld", a.reset_seconds);
	}
	if (a.allowed)
		return true;
	reply_header(r, "Retry-After", "%ld", a.retry_seconds);
	reply_error(r, ERROR_RATE_LIMITED);
	return false;
}

static bool
check_ids(struct request *r, const char *path)
{
	int n = 0;

	for (const char *form = r->route->path; *form; form += 1 + strcspn(form + 1, "/"), path += 1 + strcspn(path + 1, "/")) {
		if (form[1] != ':')
			continue;
		assert(n < REQUEST_PATH_IDS);
		if (!id_parse(path + 1, strcspn(path + 1, "/"), &r->path_ids[n++])) {
			reply_error_field(r, ERROR_INVALID_PARAMETER, arena_copy(&r->arena, form + 2, strcspn(form + 2, "/")), "not an id");
			return false;
		}
	}
	return true;
}

static bool
is_json(const char *type)
{
	static const char json[] = "application/json";
	size_t n = sizeof json - 1;

	return strncasecmp(type, json, n) == 0 && (type[n] == '\0' || type[n] == ';' || type[n] == ' ');
}

static bool
check_body(struct request *r)
{
	if (!r->route->body)
		return true;
	if (r->content_length > r->route->body) {
		reply_error(r, ERROR_BODY_TOO_LARGE);
		return false;
	}
	if (r->content_length > 0 && !is_json(r->content_type)) {
		reply_error(r, ERROR_UNSUPPORTED_MEDIA_TYPE);
		return false;
	}
	if (!request_read(r)) {
		reply_error(r, ERROR_BAD_REQUEST);
		return false;
	}
	return true;
}

static enum reply
serve_route(struct request *r, const char *path)
{
	if (r->route->who == USER && !check_token(r))
		return REPLIED;
	if (!check_rate(r) || !check_ids(r, path) || !check_body(r))
		return REPLIED;
	return r->route->handler(r);
}

enum reply
dispatch(struct request *r)
{
	struct text others = { .arena = &r->arena };
	char *path = decoded_text(&r->arena, r->path, strlen(r->path), false);

	/* %2F counts as /, because the front server chose this program by the decoded path */
	if (!path || path[0] != '/' || r->content_length < 0)
		return reply_error(r, ERROR_BAD_REQUEST);
	r->route = route_find(path, r->method, &others);
	if (r->route) {
		r->route_place = (int)(r->route - table.routes);
		r->rate = r->route->rate;
		return serve_route(r, path);
	}
	if (!others.len)
		return reply_error(r, ERROR_ROUTE_NOT_FOUND);
	reply_header(r, "Allow", "%s", others.bytes);
	if (strcmp(r->method, "OPTIONS") == 0)
		return reply_status(r, 204);
	return reply_error(r, ERROR_METHOD_NOT_ALLOWED);
}
