/* SPDX-License-Identifier: MIT */
/* The transport of Server-Sent Events: data, then the cursor as the id. */
#include <stdio.h>
#include <string.h>

#include "../lib/settings.h"
#include "conn.h"
#include "front.h"
#include "stream.h"
#include "transport.h"

enum { SMALL_BODY = 2048 };

static const char data_field[] = "data: ";

static void
sse_open(struct conn *c)
{
	char head[1024];
	int n = snprintf(head, sizeof head,
			 "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n"
			 "X-Content-Type-Options: nosniff\r\nConnection: close\r\n%s\r\nretry: %ld\n\n",
			 front_cors(c), stream_retry_ms());

	c->replied = true;
	conn_queue_bytes(c, head, (size_t)n);
}

static size_t
tail_text(const char *cursor, char *out, size_t room)
{
	return (size_t)(cursor ? snprintf(out, room, ",\"cursor\":\"%s\"}\nid: %s\n\n", cursor, cursor) : snprintf(out, room, "\n\n"));
}

static void
sse_encode(const struct event *ev, const char *cursor, struct encoded *out)
{
	char tail[2 * LIMIT_CURSOR_BYTES + 32];
	size_t field_len = strlen(data_field);
	size_t tail_len = tail_text(cursor, tail, sizeof tail);
	bool is_small = ev->body->len <= SMALL_BODY;
	struct buffer *own = buffer_new(field_len + (is_small ? ev->body->len : 0) + tail_len);
	char *at = own->bytes;

	memcpy(at, data_field, field_len);
	at += field_len;
	if (is_small) {
		memcpy(at, ev->body->bytes, ev->body->len);
		at += ev->body->len;
	}
	memcpy(at, tail, tail_len);
	out->count = 0;
	if (is_small) {
		out->chunks[out->count++] = (struct chunk){ .buffer = own, .len = own->len & CHUNK_LEN_MASK };
		return;
	}
	out->chunks[out->count++] = (struct chunk){ .buffer = own, .len = sizeof data_field - 1, .more = 1 };
	out->chunks[out->count++] = (struct chunk){ .buffer = buffer_ref(ev->body), .len = ev->body->len & CHUNK_LEN_MASK, .more = 1 };
	out->chunks[out->count++] = (struct chunk){ .buffer = buffer_ref(own), .offset = sizeof data_field - 1, .len = (uint32_t)tail_len & 0xffff };
}

static void
sse_ping(struct conn *c)
{
	conn_queue_bytes(c, ":\n\n", 3);
	conn_deadline(c, settings.push_comment_seconds * 1000);
}

static void
sse_close(struct conn *c, enum close_reason why)
{
	if (c->replied)
		stream_bye(c, why);
	else
		front_refuse(c, why);
}

/* A client of SSE has nothing more to say. */
static void
sse_input(struct conn *c, uint8_t *data, size_t n)
{
	(void)c, (void)data, (void)n;
}

static long
sse_beat_seconds(void)
{
	return settings.push_comment_seconds;
}

const struct transport transport_sse = {
	.name = "sse",
	.number = 1,
	.open = sse_open,
	.encode = sse_encode,
	.ping = sse_ping,
	.close = sse_close,
	.input = sse_input,
	.beat_seconds = sse_beat_seconds,
};
