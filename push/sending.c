/* SPDX-License-Identifier: MIT */
/* Messages from sockets to the database, in batches. */
#include "sending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/doorbell.h"
#include "../lib/identifier.h"
#include "../lib/limiter.h"
#include "../lib/limits.h"
#include "../lib/memory.h"
#include "../lib/sends.h"
#include "../lib/settings.h"
#include "bundle.h"
#include "bus.h"
#include "hub.h"
#include "loop.h"
#include "map.h"
#include "metrics.h"
#include "store.h"

enum {
	BATCH_MOST = 64,
	BATCH_BYTES = 256 * KIB,    /* so that a few large ones do not keep many small ones waiting */
	SECOND_LEAST = 16,	    /* messages that are worth a second batch beside one … */
	LATE_MS = 50,		    /* … unless that one takes so long, perhaps behind a lock: others go past it */
	LOOK_MOST = 4 * BATCH_MOST, /* messages that are looked at for a batch */
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
	bool alone; /* asked by itself: its batch has failed */
};

struct batch {
	int count;
	size_t bytes;
	struct sending *list[BATCH_MOST]; /* one after the other as they came */
};

static struct {
	struct sending *first, **last;
	int count;
	size_t bytes;
} waiting = { .last = &waiting.first };

static void late_fire(struct timer *t);

static struct {
	struct map conversations; /* of the messages under way -> their batch */
	int batches;
	int64_t since_ms; /* when the last of them began */
	struct timer late;
} under_way = { .late.fire = late_fire };

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

/* The streams of this process hear it at once, in the same write as the answer; what comes back from Redis is then known already. */
static void
sending_ring(const struct sending *s, const PGresult *result, int row)
{
	const char *event = PQgetvalue(result, row, 2);
	size_t len = (size_t)PQgetlength(result, row, 2);
	struct doorbell d;
	char channel[32];

	metrics.sends++;
	snprintf(channel, sizeof channel, "c:%ld", (long)s->conversation);
	bus_publish(channel, event, len);
	if (doorbell_parse(event, len, &d))
		hub_event(s->conversation, d.id, d.seq, d.gone, d.json, d.json_len);
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

/* ---- those who wait ---- */

static void
waiting_add(struct sending *s)
{
	waiting.count++;
	waiting.bytes += s->size;
	s->next = NULL;
	*waiting.last = s;
	waiting.last = &s->next;
}

/* Those of a batch come before all others again, each to be asked by itself. */
static void
waiting_add_again(struct sending *s)
{
	waiting.count++;
	waiting.bytes += s->size;
	s->alone = true;
	s->next = waiting.first;
	if (!waiting.first)
		waiting.last = &s->next;
	waiting.first = s;
}

/* at: where the queue has it. */
static struct sending *
waiting_take(struct sending **at)
{
	struct sending *s = *at;

	*at = s->next;
	if (!*at)
		waiting.last = at;
	waiting.count--;
	waiting.bytes -= s->size;
	return s;
}

/* ---- batches ---- */

/* The first may be as large as it is. */
static bool
batch_has_room(const struct batch *b, const struct sending *s)
{
	if (b->count == 0)
		return true;
	return b->count < BATCH_MOST && b->bytes + s->size <= BATCH_BYTES && !s->alone && !b->list[0]->alone;
}

/*
 * The next batch, NULL when nothing may go. A message whose conversation has others under way waits for them: so they get their places in the order in which they came,
 * and two batches do not wait for each other's locks.
 */
static struct batch *
batch_take(void)
{
	struct batch *b = memory_alloc(sizeof *b);
	struct sending **at = &waiting.first;

	for (int looked = 0; *at && looked < LOOK_MOST; looked++) {
		if (map_get(&under_way.conversations, (*at)->conversation)) {
			at = &(*at)->next;
			continue;
		}
		if (!batch_has_room(b, *at))
			break;
		b->bytes += (*at)->size;
		b->list[b->count++] = waiting_take(at);
	}
	if (b->count)
		return b;
	free(b);
	return NULL;
}

/* All of it has failed, though perhaps by one: each is asked by itself, as long as it may wait. Its client_id makes that safe. */
static void
batch_again(const struct batch *b)
{
	for (int i = b->count; i-- > 0;) {
		struct sending *s = b->list[i];
		if (b->count > 1 && s->expires_ms > loop_now())
			waiting_add_again(s);
		else
			sending_fail(s);
	}
}

static void
batch_reply(void *context, PGresult *result)
{
	struct batch *b = context;

	under_way.batches--;
	for (int i = 0; i < b->count; i++)
		map_remove(&under_way.conversations, b->list[i]->conversation);
	if (result && PQntuples(result) == b->count)
		for (int i = 0; i < b->count; i++)
			sending_stored(b->list[i], result, i);
	else
		batch_again(b);
	bundle_give_all();
	free(b);
}

static void
batch_ask(struct batch *b)
{
	struct sends sends = { 0 };
	const char *params[SENDS_PARAMS];
	int64_t expires = 0;

	for (int i = 0; i < b->count; i++) {
		const struct sending *s = b->list[i];
		sends_add(&sends, s->conversation, s->user, s->client_id, s->text, s->data, s->reply_to);
		if (s->expires_ms > expires)
			expires = s->expires_ms;
		if (!map_get(&under_way.conversations, s->conversation))
			map_put(&under_way.conversations, s->conversation, b);
	}
	for (int i = 0; i < SENDS_PARAMS; i++)
		params[i] = sends_param(&sends, i);
	under_way.batches++;
	under_way.since_ms = loop_now();
	histogram_add(&metrics.batch_sizes, HISTOGRAM_NUMBERS, b->count);
	store_ask(STORE_SEND, params, expires - loop_now(), batch_reply, b);
	sends_free(&sends);
}

/* One more than is under way is worth it when it is not small: two half batches cost more than a whole one. */
static bool
batch_is_due(void)
{
	if (!waiting.first || under_way.batches == STORE_SENDERS)
		return false;
	return under_way.batches == 0 || waiting.count >= SECOND_LEAST || loop_now() - under_way.since_ms >= LATE_MS;
}

/* All that is due is looked at when a turn ends, so there has to be one. */
static void
late_fire(struct timer *t)
{
	(void)t;
}

/* ---- from outside ---- */

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
	if (waiting.bytes >= WAITING_BYTES)
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
	waiting_add(s);
	return (struct sent){ .client_id = up->client_id };
}

void
sending_turn_end(void)
{
	struct batch *b;

	/* while the database is away nobody waits for longer than was said; who came first expires first */
	while (waiting.first && waiting.first->expires_ms <= loop_now())
		sending_fail(waiting_take(&waiting.first));
	while (batch_is_due() && (b = batch_take()))
		batch_ask(b);
	if (waiting.first && !timer_is_running(&under_way.late))
		timer_start(&under_way.late, LATE_MS);
}

void
sending_close(void)
{
	while (waiting.first)
		sending_fail(waiting_take(&waiting.first));
	map_free(&under_way.conversations);
	timer_stop(&under_way.late);
}
