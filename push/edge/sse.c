/* SPDX-License-Identifier: MIT */
/* Transport of Server-Sent Events: data, then the cursor as the id. */
#include <stdio.h>

#include "lib/base/settings.h"
#include "push/edge/http_server.h"
#include "push/fanout/transport.h"
#include "push/net/conn.h"
#include "push/net/outgoing.h"
#include "push/session/stream.h"
#include "push/session/users.h"

static void
sse_open(struct conn *c)
{
	char head[1024];
	int n = snprintf(head, sizeof head,
			 "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n"
			 "X-Content-Type-Options: nosniff\r\nConnection: close\r\n%s\r\nretry: %ld\n\n",
			 http_server_cors(c), stream_retry_ms());

	c->replied = true;
	conn_queue_bytes(c, head, (size_t)n);
}

static void
sse_wrap(size_t body_len, const char *cursor, struct wrap *out)
{
	(void)body_len;
	out->head_len = (size_t)snprintf(out->head, sizeof out->head, "data: ");
	out->tail_len = (size_t)(cursor ? snprintf(out->tail, sizeof out->tail, ",\"cursor\":\"%s\"}\nid: %s\n\n", cursor, cursor)
					: snprintf(out->tail, sizeof out->tail, "\n\n"));
}

static void
sse_ping(struct conn *c)
{
	conn_queue_bytes(c, ":\n\n", 3);
	stream_wake_in(c, settings.push_comment_seconds);
}

static void
sse_close(struct conn *c, enum close_reason why)
{
	if (c->replied)
		stream_bye(c, why);
	else
		http_server_refuse(c, why);
}

/* Ignores input: a client of SSE sends nothing after its request. */
static void
sse_input(struct conn *c, uint8_t *data, size_t n)
{
	(void)c, (void)data, (void)n;
}

static long
sse_ping_seconds(void)
{
	return settings.push_comment_seconds;
}

const struct transport transport_sse = {
	.owner = {
		.name = "sse",
		.input = sse_input,
		.pay = users_pay,
		.drained = stream_drained,
		.timeout = stream_timeout,
		.close = sse_close,
		.ended = stream_leave,
	},
	.number = 1,
	.has_fields = true,
	.open = sse_open,
	.wrap = sse_wrap,
	.ping = sse_ping,
	.ping_seconds = sse_ping_seconds,
};
