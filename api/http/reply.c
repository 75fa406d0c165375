/* SPDX-License-Identifier: MIT */
/* Replies and their headers. */
#include "api/http/reply.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/auth/origins.h"
#include "lib/base/settings.h"

enum { HEADER_BYTES = 1536, RETRY_SECONDS = 1 };

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 204, "No Content" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 409, "Conflict" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 503, "Service Unavailable" },
};

static const char *
reason_of(int status)
{
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "";
}

enum reply
reply_json(struct request *r, int status, const char *json)
{
	r->status = status;
	r->error = ERROR_NONE;
	r->type = "application/json";
	r->reply = json;
	r->reply_len = strlen(json);
	return REPLIED;
}

enum reply
reply_status(struct request *r, int status)
{
	r->status = status;
	r->error = ERROR_NONE;
	r->type = NULL;
	r->reply = NULL;
	r->reply_len = 0;
	return REPLIED;
}

enum reply
reply_error_field(struct request *r, enum error error, const char *field, const char *detail)
{
	const struct error_row *row = error_row(error);
	struct text body = { .arena = &r->arena };

	text_printf(&body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"code\":\"%s\"", row->title, row->status, row->code);
	if (detail && *detail) {
		text_puts(&body, ",\"detail\":");
		text_json(&body, detail);
	}
	if (field && *field) {
		text_puts(&body, ",\"field\":");
		text_json(&body, field);
	}
	text_printf(&body, ",\"request_id\":\"%s\"}", r->id);
	reply_json(r, row->status, body.bytes);
	r->type = "application/problem+json";
	r->error = error;
	return REPLIED;
}

enum reply
reply_error_detail(struct request *r, enum error error, const char *detail)
{
	return reply_error_field(r, error, NULL, detail);
}

enum reply
reply_error(struct request *r, enum error error)
{
	return reply_error_field(r, error, NULL, NULL);
}

void
reply_header(struct request *r, const char *name, const char *format, ...)
{
	char value[HEADER_BYTES];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(value, sizeof value, format, args);
	va_end(args);
	assert(n >= 0 && n < (int)sizeof value && !strpbrk(value, "\r\n"));
	text_puts(&r->headers, name);
	text_add(&r->headers, ": ", 2);
	text_add(&r->headers, value, (size_t)n);
	text_add(&r->headers, "\r\n", 2);
}

/*
 * Writes the headers that let a page of another origin read the reply (CORS, Fetch standard section
 * 3.2).
 */
static void
reply_cors(struct request *r)
{
	if (!*settings.origins)
		return;
	text_puts(&r->headers, "Vary: Origin\r\n");
	if (!*r->origin)
		return;
	if (origins_find(r->origin, strlen(r->origin)))
		text_printf(&r->headers, "Access-Control-Allow-Origin: %s\r\nAccess-Control-Allow-Credentials: true\r\n", r->origin);
	else if (origins_any())
		text_puts(&r->headers, "Access-Control-Allow-Origin: *\r\n");
	else
		return;
	text_puts(&r->headers, "Access-Control-Expose-Headers: X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset\r\n");
	if (*r->asked_method)
		text_puts(&r->headers, "Access-Control-Allow-Methods: GET, POST, PUT, PATCH, DELETE\r\n"
				       "Access-Control-Allow-Headers: Authorization, Content-Type, X-Request-Id\r\n"
				       "Access-Control-Max-Age: 600\r\n");
}

static void
reply_complete(struct request *r)
{
	text_printf(&r->headers, "Status: %d %s\r\nX-Request-Id: %s\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n", r->status,
		    reason_of(r->status), r->id);
	reply_cors(r);
	if (r->status == 401)
		text_puts(&r->headers, "WWW-Authenticate: Bearer\r\n");
	if ((r->status == 429 || r->status == 503) && r->error != ERROR_RATE_LIMITED)
		reply_header(r, "Retry-After", "%d", RETRY_SECONDS);
	if (r->type)
		text_printf(&r->headers, "Content-Type: %s\r\nContent-Length: %zu\r\n", r->type, r->reply_len);
	text_add(&r->headers, "\r\n", 2);
}

void
reply_finish(struct request *r)
{
	reply_complete(r);
	request_finish(r);
}
