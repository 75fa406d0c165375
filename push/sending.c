/* SPDX-License-Identifier: MIT */
/* Messages from sockets to the database, in batches. */
#include "sending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/identifier.h"
#include "../lib/limiter.h"
#include "../lib/limits.h"
#include "../lib/memory.h"
#include "../lib/sends.h"
#include "../lib/settings.h"
#include "bus.h"
#include "loop.h"
#include "metrics.h"
#include "store.h"

enum {
	BATCH_MOST = 64,
	BATCH_BYTES = 256 * KIB, /* so that a few large ones do not keep many small ones waiting */
	BATCHES_UNDER_WAY = 2,	 /* the one that the database works on, and the next: what comes meanwhile is the one after */
	WAITING_BYTES = 32 * 1024 * KIB,
};

/* A message on its way. What follows it: client_id, text and data, each with its NUL. */
struct sending {
	struct sending *next;
	struct conn *conn;
	sending_answer *answer;
	int64_t conversation, user, reply_to;
	int64_t asked_us, expires_ms;
	const char *client_id, *text, *data;
	size_t size;
};

struct batch {
	int count;
	struct sending *list[BATCH_MOST]; /* one after the other as they came */
};

static struct {
	struct sending *first, **last;
	size_t bytes; /* of all that wait */
	int under_way;
} queue = { .last = &queue.first };

/* ---- one message ---- */

static const char *
copy(char **to, const char *text)
{
	size_t n = strlen(text) + 1;
	char *at = memcpy(*to, text, n);

	*to += n;
	return at;
}

static struct sending *
sending_new(const struct up *up)
{
	size_t size = sizeof(struct sending) + strlen(up->client_id) + strlen(up->text) + (up->data ? strlen(up->data) : 0) + 3;
	struct sending *s = memory_alloc(size);
	char *to = (char *)(s + 1);

	s->size = size;
	s->client_id = copy(&to, up->client_id);
	s->text = copy(&to, up->text);
	s->data = up->data ? copy(&to, up->data) : NULL;
	s->conversation = up->conversation;
	s->reply_to = up->reply_to;
	return s;
}

static void
sending_ring(const struct sending *s, const PGresult *result, int row)
{
	char channel[32];

	metrics.sends++;
	snprintf(channel, sizeof channel, "c:%ld", (long)s->conversation);
	bus_publish(channel, PQgetvalue(result, row, 2), (size_t)PQgetlength(result, row, 2));
}

static void
sending_end(struct sending *s, const struct sent *sent)
{
	histogram_add(&metrics.send_times, HISTOGRAM_TIMES, time_steady_us() - s->asked_us);
	if (s->conn->state < CONN_CLOSING)
		s->answer(s->conn, sent);
	conn_unpin(s->conn);
	free(s);
}

static void
sending_fail(struct sending *s)
{
	sending_end(s, &(struct sent){ .client_id = s->client_id, .code = "unavailable" });
}

/* Ends with a row of messages_send: status, message, event. */
static void
sending_stored(struct sending *s, const PGresult *result, int row)
{
	const char *status = PQgetvalue(result, row, 0);
	bool created = strcmp(status, "created") == 0, repeated = strcmp(status, "repeated") == 0;

	if (created)
		sending_ring(s, result, row);
	sending_end(s, &(struct sent){ .client_id = s->client_id,
				       .code = created || repeated ? NULL : status,
				       .message = PQgetvalue(result, row, 1),
				       .repeated = repeated });
}

/* ---- batches ---- */

static void batch_reply(void *context, PGresult *result);

static void
batch_ask(struct sending *const *list, int count)
{
	struct batch *b = memory_alloc(sizeof *b);
	struct sends sends = { 0 };
	const char *params[SENDS_PARAMS];
	int64_t expires = 0;

	for (int i = 0; i < count; i++) {
		struct sending *s = b->list[b->count++] = list[i];
		sends_add(&sends, s->conversation, s->user, s->client_id, s->text, s->data, s->reply_to);
		if (s->expires_ms > expires)
			expires = s->expires_ms;
	}
	for (int i = 0; i < SENDS_PARAMS; i++)
		params[i] = sends_param(&sends, i);
	queue.under_way++;
	store_ask(STORE_SEND, params, expires - loop_now(), batch_reply, b);
	sends_free(&sends);
}

/* All of it has failed, though perhaps by one: each is asked by itself, as long as it may wait. Its client_id makes that safe. */
static void
batch_again(const struct batch *b)
{
	for (int i = 0; i < b->count; i++) {
		struct sending *s = b->list[i];
		if (b->count > 1 && s->expires_ms > loop_now())
			batch_ask(&b->list[i], 1);
		else
			sending_fail(s);
	}
}

static void
batch_reply(void *context, PGresult *result)
{
	struct batch *b = context;

	queue.under_way--;
	if (result && PQntuples(result) == b->count)
		for (int i = 0; i < b->count; i++)
			sending_stored(b->list[i], result, i);
	else
		batch_again(b);
	free(b);
}

/* ---- the queue ---- */

static struct sent
refusal(const struct up *up, const char *code, long retry_seconds)
{
	return (struct sent){ .client_id = up->client_id, .code = code, .retry_seconds = retry_seconds };
}

struct sent
sending_add(struct conn *c, int64_t user, const struct up *up, sending_answer *answer)
{
	if (c->pins >= (uint32_t)settings.push_sends)
		return refusal(up, "rate_limited", 0);
	if (queue.bytes >= WAITING_BYTES)
		return refusal(up, "unavailable", 0);
	struct allowance a = limiter_take(RATE_SEND, (uint64_t)user, time_steady_us());
	if (!a.allowed)
		return refusal(up, "rate_limited", a.retry_seconds);
	struct sending *s = sending_new(up);
	s->conn = c;
	s->user = user;
	s->answer = answer;
	s->asked_us = time_steady_us();
	s->expires_ms = loop_now() + settings.api_wait_ms;
	conn_pin(c);
	queue.bytes += s->size;
	*queue.last = s;
	queue.last = &s->next;
	return (struct sent){ .client_id = up->client_id };
}

static struct sending *
sending_take(void)
{
	struct sending *s = queue.first;

	queue.first = s->next;
	if (!queue.first)
		queue.last = &queue.first;
	queue.bytes -= s->size;
	return s;
}

static void
batch_next(void)
{
	struct sending *list[BATCH_MOST] = { NULL };
	size_t bytes = 0;
	int count = 0;

	while (queue.first && count < BATCH_MOST && bytes < BATCH_BYTES) {
		list[count] = sending_take();
		bytes += list[count++]->size;
	}
	batch_ask(list, count);
}

void
sending_turn_end(void)
{
	/* while the database is away nobody waits for longer than was said; who came first expires first */
	while (queue.first && queue.first->expires_ms <= loop_now())
		sending_fail(sending_take());
	while (queue.first && queue.under_way < BATCHES_UNDER_WAY)
		batch_next();
}

void
sending_close(void)
{
	while (queue.first)
		sending_fail(sending_take());
}
