/* SPDX-License-Identifier: MIT */
/*
 * Long-poll transport: the events of a turn are one answer.
 * Between two requests on one connection the stream stays in the hub and collects events. So a
 * client that continues from its last cursor costs the database nothing.
 */
#include <stdio.h>
#include <string.h>

#include "push/edge/http_server.h"
#include "push/fanout/cursor_state.h"
#include "push/fanout/transport.h"
#include "push/net/conn.h"
#include "push/net/outgoing.h"
#include "push/net/rare.h"
#include "push/session/stream.h"
#include "push/session/users.h"

enum { PARKED_MS = 20 * 1000, ANSWER_HEAD_BYTES = 1024 };

static void
poll_open(struct conn *c)
{
	(void)c; /* the answer is written as a whole */
}

static void
poll_wrap(size_t body_len, const char *cursor, struct wrap *out)
{
	(void)body_len;
	out->head_len = 0;
	out->tail_len = cursor ? (size_t)snprintf(out->tail, sizeof out->tail, ",\"cursor\":\"%s\"}", cursor) : 0;
}

/*
 * Answers a poll with the queued events. They have commas between them already and only need a head
 * and a tail.
 */
static void
poll_answer(struct conn *c)
{
	char cursor[LIMIT_CURSOR_BYTES + 1], head[ANSWER_HEAD_BYTES], tail[LIMIT_CURSOR_BYTES + 32];
	struct buffer *events = queue_take(&c->queue);
	struct rare *r = rare_of(c);

	cursor_state_text(c->cursor_state, cursor);
	int tail_len = snprintf(tail, sizeof tail, "],\"cursor\":\"%s\"}", cursor);
	int head_len =
		snprintf(head, sizeof head,
			 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
			 "Connection: %s\r\n%sContent-Length: %zu\r\n\r\n{\"events\":[",
			 c->poll.keep_alive ? "keep-alive" : "close", http_server_cors(c), strlen("{\"events\":[") + events->len + (size_t)tail_len);
	struct buffer *answer = buffer_new((size_t)(head_len + tail_len) + events->len);
	memcpy(answer->bytes, head, (size_t)head_len);
	memcpy(answer->bytes + head_len, events->bytes, events->len);
	memcpy(answer->bytes + head_len + events->len, tail, (size_t)tail_len);
	buffer_unref(events);
	r->queued = 0;
	cursor_state_unref(r->answered);
	r->answered = cursor_state_ref(c->cursor_state);
	c->replied = true;
	c->poll.waiting = false;
	c->poll.answering = true;
	conn_queue(c, (struct chunk){ .buffer = answer, .len = answer->len & CHUNK_LEN_MASK });
	buffer_unref(answer);
	conn_deadline(c, PARKED_MS);
}

/*
 * Answers at the end of a turn. Events stay queued while no request waits or the replay is not
 * complete.
 */
static bool
poll_turn(struct conn *c)
{
	if (c->poll.answering)
		return true;
	if (c->state != CONN_LIVE || c->resume || !c->poll.waiting || !c->queue.count)
		return false;
	poll_answer(c);
	return true;
}

/*
 * Answers a request whose wait is over. Closes a connection on which no request has come for too
 * long.
 */
static void
poll_ping(struct conn *c)
{
	if (c->poll.waiting)
		poll_answer(c);
	else
		conn_close(c, CLOSE_NORMAL);
}

static void
poll_close(struct conn *c, enum close_reason why)
{
	if (!c->cursor_state || (!c->poll.waiting && !c->replied)) {
		http_server_refuse(c, why);
		return;
	}
	if (!c->poll.waiting) {
		/* between two requests no client waits for an answer */
		if (!c->poll.answering)
			queue_drop(&c->queue);
		return;
	}
	stream_bye(c, why);
	c->poll.keep_alive = false;
	poll_answer(c);
}

static long
poll_ping_seconds(void)
{
	return PARKED_MS / 1000;
}

const struct transport transport_poll = {
	.owner = {
		.name = "poll",
		.answers_once = true,
		.input = http_server_input,
		.pay = users_pay,
		.turn = poll_turn,
		.drained = stream_drained,
		.timeout = stream_timeout,
		.close = poll_close,
		.ended = stream_leave,
	},
	.number = 2,
	.between = ",",
	.open = poll_open,
	.wrap = poll_wrap,
	.ping = poll_ping,
	.ping_seconds = poll_ping_seconds,
};
