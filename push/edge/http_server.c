/* SPDX-License-Identifier: MIT */
/* HTTP server before a stream exists: routes, credentials and plain answers. */
#include "push/edge/http_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/auth/bearer.h"
#include "lib/auth/origins.h"
#include "lib/base/settings.h"
#include "push/fanout/cursor_state.h"
#include "push/fanout/transport.h"
#include "push/net/buffer.h"
#include "push/net/incoming.h"
#include "push/net/metrics.h"
#include "push/net/outgoing.h"
#include "push/net/peer.h"
#include "push/net/rare.h"
#include "push/session/stream.h"
#include "push/session/users.h"
#include "push/wire/handshake.h"

enum { REPLY_BYTES = 1024, ORIGIN_BYTES = 256, POLL_WAIT_SECONDS = 25 };

/* Refusals of requests, by their status. */
static const struct refusal {
	int status;
	enum error error;
	const char *detail;
} refusals[] = {
	{ 400, ERROR_BAD_REQUEST, NULL },
	{ 404, ERROR_ROUTE_NOT_FOUND, NULL },
	{ 405, ERROR_METHOD_NOT_ALLOWED, "only GET is allowed here" },
	{ 413, ERROR_BODY_TOO_LARGE, "a body is not expected" },
	{ 422, ERROR_INVALID_PARAMETER, NULL },
	{ 426, ERROR_BAD_REQUEST, "only version 13 of WebSocket is spoken" },
	{ 431, ERROR_BAD_REQUEST, "the head of the request is too large" },
	{ 505, ERROR_BAD_REQUEST, "only HTTP/1.1 is spoken here" },
};

static const struct refusal *
refusal_find(int status)
{
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
		if (refusals[i].status == status)
			return &refusals[i];
	return &refusals[0];
}

static const char *
status_text(int status)
{
	return status == 200 ? "OK" : status == 204 ? "No Content" : "Error";
}

static void
reply(struct conn *c, int status, const char *type, const char *more, const char *body, size_t len)
{
	char head[REPLY_BYTES], content[128] = "";

	if (type)
		snprintf(content, sizeof content, "Content-Type: %s\r\nContent-Length: %zu\r\n", type, len);
	int n = snprintf(head, sizeof head,
			 "HTTP/1.1 %d %s\r\n%sCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n%s%s\r\n", status,
			 status_text(status), content, http_server_cors(c), more);

	/* the queue is empty, so one answer always fits */
	struct buffer *answer = buffer_new((size_t)n + (c->bodiless ? 0 : len));
	memcpy(answer->bytes, head, (size_t)n);
	memcpy(answer->bytes + n, body, answer->len - (size_t)n);
	c->replied = true;
	conn_queue(c, (struct chunk){ .buffer = answer, .len = answer->len & CHUNK_LEN_MASK });
	buffer_unref(answer);
}

/* Replies with a problem. detail may be NULL. */
static void
reply_problem(struct conn *c, int status, enum error error, const char *detail)
{
	char body[REPLY_BYTES], more[128] = "";
	const struct error_row *row = error_row(error);
	int n = snprintf(body, sizeof body, "{\"title\":\"%s\",\"status\":%d,\"code\":\"%s\",%s%s%s\"request_id\":\"push-%lu\"}", row->title, status,
			 row->code, detail ? "\"detail\":\"" : "", detail ? detail : "", detail ? "\"," : "", (unsigned long)c->number);

	if (status == 405)
		snprintf(more, sizeof more, "Allow: GET\r\n");
	if (status == 426)
		snprintf(more, sizeof more, HANDSHAKE_VERSION_HEADERS);
	if (status == 429 || status == 503)
		snprintf(more, sizeof more, "Retry-After: %ld\r\n", 1 + stream_retry_ms() / 1000);
	if (status == 401)
		snprintf(more, sizeof more, "WWW-Authenticate: Bearer\r\n");
	reply(c, status, "application/problem+json", more, body, (size_t)n);
}

void
http_server_refuse(struct conn *c, enum close_reason why)
{
	enum error error = close_row(why)->error;

	if (!c->replied && why != CLOSE_IDLE && why != CLOSE_NORMAL)
		reply_problem(c, error_row(error)->status, error, NULL);
}

/* Answers a request with a refusal before it becomes a stream, and closes the connection. */
static void
refuse(struct conn *c, int status)
{
	const struct refusal *refusal = refusal_find(status);

	reply_problem(c, refusal->status, refusal->error, refusal->detail);
	conn_close(c, CLOSE_NORMAL);
}

/* ---- origins */

/* Returns whether the origin's host is the host of the request: the page is of the same site. */
static bool
origin_is_own(struct http_slice origin, struct http_slice host)
{
	const char *scheme_end = origin.at ? memmem(origin.at, origin.len, "://", 3) : NULL;

	if (!scheme_end || !host.at)
		return false;
	const char *at = scheme_end + 3;
	size_t len = origin.len - (size_t)(at - origin.at);
	return len == host.len && memcmp(at, host.at, len) == 0;
}

static bool
origin_is_allowed(const struct http_head *head)
{
	struct http_slice origin = http_header(head, "origin");

	if (!origin.at)
		return false;
	return origin_is_own(origin, http_header(head, "host")) || origins_find(origin.at, origin.len);
}

/*
 * Returns the CORS headers for the page's origin. The connection keeps its place in
 * settings.origins. By the word * a page may call, but without its cookies.
 */
const char *
http_server_cors(const struct conn *c)
{
	static char block[ORIGIN_BYTES + 160];
	const char *origin = settings.origins + c->origin_at;

	if (!c->origin_len)
		return "";
	snprintf(block, sizeof block, "Access-Control-Allow-Origin: %.*s\r\n%sAccess-Control-Expose-Headers: Retry-After\r\nVary: Origin\r\n",
		 (int)c->origin_len, origin, *origin == '*' ? "" : "Access-Control-Allow-Credentials: true\r\n");
	return block;
}

static void
note_origin(struct conn *c, const struct http_head *head)
{
	struct http_slice origin = http_header(head, "origin");

	c->origin_len = 0;
	if (!origin.at || origin.len >= ORIGIN_BYTES)
		return;
	const char *named = origins_find(origin.at, origin.len), *at = named ? named : origins_any();
	if (!at)
		return;
	c->origin_at = (uint16_t)(at - settings.origins);
	c->origin_len = (uint8_t)(named ? origin.len : 1);
}

/* ---- credentials */

static struct http_slice
bearer(const struct http_head *head)
{
	struct http_slice value = http_header(head, "authorization");

	if (!value.at || value.len < 7 || strncasecmp(value.at, "Bearer ", 7) != 0)
		return (struct http_slice){ NULL, 0 };
	return (struct http_slice){ value.at + 7, value.len - 7 };
}

/* Checks a token. A long-poll sends the same token many times, so its check is cached. */
static enum close_reason
token_refusal(const struct conn *c, struct http_slice text, struct token *token)
{
	bool is_poll = transport_answers_once(c);
	enum token_verdict verdict = is_poll ? bearer_check(text.at, text.len, token) : token_check(text.at, text.len, token);

	return stream_token_refusal(verdict, token);
}

static void
begin_with_token(struct conn *c, struct http_slice text)
{
	struct token token;
	enum close_reason why = token_refusal(c, text, &token);

	if (why == CLOSE_NONE)
		stream_begin(c, &token);
	else
		conn_close(c, why);
}

/*
 * Authenticates by the first that is present of header, ticket and cookie. Returns false when there
 * is none.
 */
static bool
begin_with_credentials(struct conn *c, const struct http_head *head)
{
	char ticket[TICKET_BYTES + 1];
	struct http_slice token = bearer(head);

	if (token.at) {
		begin_with_token(c, token);
		return true;
	}
	if (http_parameter(head, "ticket", ticket, sizeof ticket)) {
		stream_begin_ticket(c, ticket, strlen(ticket));
		return true;
	}
	if (http_has_parameter(head, "ticket")) { /* present, but it cannot be a ticket */
		conn_close(c, CLOSE_BAD_CREDENTIALS);
		return true;
	}
	token = http_cookie(head, settings.cookie_name);
	if (!token.at)
		return false;
	if (!origin_is_allowed(head))
		conn_close(c, CLOSE_FORBIDDEN_ORIGIN);
	else
		begin_with_token(c, token);
	return true;
}

static void
note_since(struct conn *c, const struct http_head *head)
{
	char text[LIMIT_CURSOR_BYTES + 2];
	struct http_slice last = http_header(head, "last-event-id");

	if (last.at && last.len && transport_of(c)->has_fields)
		stream_since(c, last.at, last.len);
	else if (http_parameter(head, "since", text, sizeof text))
		stream_since(c, text, strlen(text));
	else if (http_has_parameter(head, "since"))
		stream_since(c, "", 0); /* present, but it cannot be a cursor */
}

/* ---- routes */

static void
get_ws(struct conn *c, const struct http_head *head)
{
	char reply_text[REPLY_BYTES], accept[HANDSHAKE_ACCEPT_BYTES];
	int status = handshake_read(head, accept);

	if (status != 101) {
		refuse(c, status);
		return;
	}
	int n = snprintf(reply_text, sizeof reply_text,
			 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n",
			 accept, http_header_offers(head, "sec-websocket-protocol", "banter.v1") ? "Sec-WebSocket-Protocol: banter.v1\r\n" : "");
	conn_queue_bytes(c, reply_text, (size_t)n);
	c->owner = &transport_ws.owner;
	c->replied = true;
	note_since(c, head);
	if (!stream_is_too_many(c) && !begin_with_credentials(c, head))
		conn_enter(c, CONN_AUTH);
}

static void
get_stream(struct conn *c, const struct http_head *head)
{
	c->owner = &transport_sse.owner;
	note_since(c, head);
	if (!stream_is_too_many(c) && !begin_with_credentials(c, head))
		conn_close(c, CLOSE_BAD_CREDENTIALS);
}

/* Reads a parameter from least to most. Leaves *number as it is when the parameter is absent. */
static bool
read_number(const struct http_head *head, const char *name, long least, long most, long *number)
{
	char text[16];

	if (!http_has_parameter(head, name))
		return true;
	if (!http_parameter(head, name, text, sizeof text) || text[strspn(text, "0123456789")] || !*text)
		return false;
	*number = strtol(text, NULL, 10);
	return *number >= least && *number <= most;
}

static bool
read_wait(const struct http_head *head, long *wait)
{
	*wait = POLL_WAIT_SECONDS < settings.push_poll_seconds ? POLL_WAIT_SECONDS : settings.push_poll_seconds;
	return read_number(head, "wait", 0, settings.push_poll_seconds, wait);
}

/* Reads how many events an answer may have. 0: any number, within its bytes. */
static bool
read_limit(const struct http_head *head, long *limit)
{
	*limit = 0;
	return read_number(head, "limit", 1, LIMIT_PAGE, limit);
}

/* Notes how long a poll may wait, and how many events its answer may have. */
static void
poll_asks(struct conn *c, long wait, long limit)
{
	struct rare *r = rare_of(c);

	r->wait_ms = (uint32_t)wait * 1000;
	r->limit = (uint16_t)limit;
}

/*
 * Detaches the stream that an earlier long-poll left on this connection: the next request is not
 * part of it.
 */
static void
leave_poll(struct conn *c)
{
	if (!transport_answers_once(c))
		return;
	stream_detach(c);
	poll_asks(c, 0, 0);
	c->owner = &transport_http.owner;
	c->replied = false;
	conn_deadline(c, settings.push_handshake_seconds * 1000);
}

/*
 * Returns whether the stream of an earlier request on this connection continues. User and device
 * must be the same, and since must be the cursor of the last answer.
 */
static bool
poll_goes_on(struct conn *c, const struct http_head *head, struct token *token)
{
	char since[LIMIT_CURSOR_BYTES + 2], stands[LIMIT_CURSOR_BYTES + 1];
	struct http_slice text = bearer(head);

	if (!c->cursor_state || c->poll.stale || c->resume || !text.at || !http_parameter(head, "since", since, sizeof since))
		return false;
	if (token_refusal(c, text, token) != CLOSE_NONE)
		return false;
	cursor_state_text(c->rare && c->rare->answered ? c->rare->answered : c->cursor_state, stands);
	return token->user == c->user && token->device == c->device && strcmp(since, stands) == 0;
}

static void
get_events(struct conn *c, const struct http_head *head)
{
	struct token token;
	long wait, limit;

	if (!read_wait(head, &wait) || !read_limit(head, &limit)) {
		leave_poll(c);
		refuse(c, 422);
		return;
	}
	/* what was queued since the last answer */
	bool fits = !limit || !c->rare || c->rare->queued <= limit;
	c->poll.keep_alive = head->minor == 1 && !http_header_has(head, "connection", "close");
	if (fits && poll_goes_on(c, head, &token)) {
		poll_asks(c, wait, limit);
		stream_poll_again(c, &token);
		return;
	}
	leave_poll(c);
	poll_asks(c, wait, limit);
	c->owner = &transport_poll.owner;
	note_since(c, head);
	if (!stream_is_too_many(c) && !begin_with_credentials(c, head))
		conn_close(c, CLOSE_BAD_CREDENTIALS);
}

static void
get_healthz(struct conn *c, const struct http_head *head)
{
	static const char body[] = "{\"status\":\"ok\"}";

	(void)head;
	reply(c, 200, "application/json", "", body, sizeof body - 1);
	conn_close(c, CLOSE_NORMAL);
}

static void
get_metrics(struct conn *c, const struct http_head *head)
{
	size_t len;
	char *page = metrics_page(&len);

	(void)head;
	reply(c, 200, "text/plain; version=0.0.4", "", page, len);
	free(page);
	conn_close(c, CLOSE_NORMAL);
}

static const struct route {
	const char *path;
	void (*get)(struct conn *c, const struct http_head *head);
} routes[] = {
	{ "/v1/ws", get_ws }, { "/v1/stream", get_stream }, { "/v1/events", get_events }, { "/healthz", get_healthz }, { "/metrics", get_metrics },
};

static const struct route *
route_find(const struct http_head *head)
{
	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
		if (http_slice_is(head->path, routes[i].path))
			return &routes[i];
	return NULL;
}

/* Answers a CORS preflight request: lists what a page of another origin may send. */
static void
reply_options(struct conn *c)
{
	static const char answer[] = "Allow: GET\r\nAccess-Control-Allow-Methods: GET\r\n"
				     "Access-Control-Allow-Headers: Authorization, Last-Event-ID, X-Request-Id\r\nAccess-Control-Max-Age: 600\r\n";

	reply(c, 204, NULL, c->origin_len ? answer : "Allow: GET\r\n", "", 0);
	conn_close(c, CLOSE_NORMAL);
}

static void
http_server_request(struct conn *c, const struct http_head *head)
{
	const struct route *route = route_find(head);

	peer_note(c, head);
	note_origin(c, head);
	c->bodiless = http_slice_is(head->method, "HEAD");
	if (!route || route->get != get_events || !http_slice_is(head->method, "GET"))
		leave_poll(c);
	if (!route)
		refuse(c, 404);
	else if (http_slice_is(head->method, "OPTIONS"))
		reply_options(c);
	else if (!http_slice_is(head->method, "GET"))
		refuse(c, 405);
	else
		route->get(c, head);
}

/*
 * Returns the status for a head that is refused with this one. A request whose path or method is
 * wrong is refused for that and not for its body.
 */
static int
head_status(int status, const struct http_head *head)
{
	if (status != 413)
		return status;
	if (!route_find(head))
		return 404;
	return http_slice_is(head->method, "GET") || http_slice_is(head->method, "OPTIONS") ? 413 : 405;
}

void
http_server_input(struct conn *c, uint8_t *data, size_t n)
{
	struct http_head head;

	/* one request at a time: further input waits for the answer */
	if (c->state == CONN_OPENING || c->poll.waiting || c->poll.answering) {
		if (n > HTTP_HEAD_BYTES)
			conn_close(c, CLOSE_PROTOCOL);
		else
			conn_save_input(c, data, n);
		return;
	}
	int len = http_head_parse((const char *)data, n, &head);
	if (len == 0) {
		conn_save_input(c, data, n);
		return;
	}
	if (len < 0) {
		leave_poll(c);
		note_origin(c, &head); /* if it stands before the fault */
		refuse(c, head_status(-len, &head));
		return;
	}
	http_server_request(c, &head);
	if (c->state >= CONN_CLOSING || n == (size_t)len)
		return;
	conn_save_input(c, data + len, n - (size_t)len);
	if (c->state == CONN_AUTH)
		conn_resume_input(c); /* the first frame came with the handshake */
}

const struct transport transport_http = {
	.owner = {
		.name = "http",
		.is_quiet = true,
		.input = http_server_input,
		.pay = users_pay,
		.drained = stream_drained,
		.timeout = stream_timeout,
		.close = http_server_refuse,
		.ended = stream_leave,
	},
};
