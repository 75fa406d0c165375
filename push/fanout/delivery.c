/* SPDX-License-Identifier: MIT */
/*
 * Delivery of an event to one stream: shedding under overload, the cursor that goes with the event,
 * and the encoding. Streams at the same cursor state share one encoding.
 */
#include "push/fanout/delivery.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/map.h"
#include "lib/base/memory.h"
#include "push/fanout/encoding.h"
#include "push/fanout/transport.h"
#include "push/net/conn.h"
#include "push/net/metrics.h"
#include "push/net/outgoing.h"
#include "push/net/rare.h"

/*
 * Shares of the queue's limit, in 1/16. A queue that is fuller than a class's share sheds that
 * class (P8).
 */
static const uint32_t shed_sixteenths[EVENT_CLASSES] = {
	[EVENT_TYPING] = 2, [EVENT_PRESENCE] = 4, [EVENT_RECEIPT] = 8, [EVENT_NOTICE] = 12, [EVENT_DURABLE] = 16,
};

static_assert((int)METRICS_CLASSES == (int)EVENT_CLASSES && EVENT_DURABLE == EVENT_CLASSES - 1, "metrics.shed counts each class that is shed");

static_assert((int)QUEUE_SPARE == 2 * ENCODED_CHUNKS, "a queue with room takes an encoding, and a separator before it");

static bool
event_is_shed(const struct conn *c, const struct event *ev)
{
	uint32_t share = conn_queue_limit(c) / 16 * shed_sixteenths[ev->class];

	if (ev->class == EVENT_DURABLE || c->queue.bytes <= share)
		return false;
	metrics.shed[ev->class]++;
	return true;
}

static struct buffer *
between_buffer(const struct transport *t)
{
	static struct buffer *kept[ENCODINGS];

	if (!kept[t->number])
		kept[t->number] = buffer_from(t->between, strlen(t->between));
	return kept[t->number];
}

bool
conn_answer_is_full(const struct conn *c, int events)
{
	return c->rare && c->rare->limit && c->rare->queued + events > c->rare->limit;
}

int
conn_events_most(const struct conn *c)
{
	if (!c->rare || !c->rare->limit)
		return 0;
	return c->rare->queued < c->rare->limit ? c->rare->limit - c->rare->queued : 1;
}

static bool
queue_encoded(struct conn *c, const struct encoded *e, uint32_t events)
{
	if (!conn_has_room(c, e->bytes + 1))
		return false;
	if (c->rare)
		c->rare->queued = (uint16_t)(c->rare->queued + events);
	if (transport_of(c)->between && c->queue.count) {
		struct buffer *between = between_buffer(transport_of(c));
		conn_queue(c, (struct chunk){ .buffer = between, .len = between->len & CHUNK_LEN_MASK });
	}
	for (uint32_t i = 0; i < e->count; i++)
		conn_queue(c, e->chunks[i]);
	c->events_out += events;
	metrics.deliveries += events;
	return true;
}

static void
conn_ephemeral(struct conn *c, struct event *ev)
{
	struct encoded *e = &ev->encoded[transport_of(c)->number];

	if (event_is_shed(c, ev))
		return;
	if (!e->count)
		encoding_of_event(ev, transport_of(c), e);
	if (conn_answer_is_full(c, 1) || !queue_encoded(c, e, 1))
		metrics.shed[ev->class]++;
}

/*
 * Returns whether the stream takes events now. A long-poll does not while its answer is being sent.
 * If it misses a durable event then, its next request opens the stream again.
 */
static bool
conn_accepts(struct conn *c, bool is_durable)
{
	if (c->state != CONN_LIVE && c->state != CONN_OPENING)
		return false;
	if (!c->poll.answering && !c->poll.stale)
		return true;
	c->poll.stale = c->poll.stale || is_durable;
	return false;
}

/* ---- events that a replay has delivered, where the cursor does not say so */

static bool
has_replayed(const struct conn *c)
{
	return c->rare && c->rare->replayed;
}

void
conn_replayed(struct conn *c, const struct cursor_state *before, const struct event *ev)
{
	if (!cursor_state_has_reads(c->cursor_state))
		return;
	struct rare *r = rare_of(c);
	if (!r->replayed) {
		r->replayed = memory_alloc(sizeof *r->replayed);
		for (int i = 0; i < before->count; i++)
			map_put(r->replayed, before->exceptions[i].conversation, (void *)(intptr_t)before->exceptions[i].id);
	}
	map_remove(r->replayed, ev->conversation);
	map_put(r->replayed, ev->conversation, (void *)(intptr_t)ev->id);
}

void
conn_replayed_forget(struct conn *c)
{
	if (!has_replayed(c))
		return;
	map_free(c->rare->replayed);
	free(c->rare->replayed);
	c->rare->replayed = NULL;
}

void
conn_rebase(struct conn *c, int64_t base)
{
	c->cursor_state = cursor_state_rebase_take(c->cursor_state, base);
	if (has_replayed(c) && !cursor_state_has_reads(c->cursor_state)) {
		conn_replayed_forget(c);
		rare_tidy(c);
	}
}

/*
 * Returns how many of the batch's first events the stream's replay has delivered. The events of a
 * batch are of one conversation and in order.
 */
static int
batch_replayed(const struct conn *c, const struct event_batch *b)
{
	int n = 0;

	if (!has_replayed(c) || cursor_state_is_reading() || !b->count)
		return 0;
	int64_t last = (intptr_t)map_get(c->rare->replayed, b->events[0]->conversation);
	while (n < b->count && b->events[n]->id <= last)
		n++;
	return n;
}

/*
 * Queues the events of a transition. The cursor moves only when they found room, so it never covers
 * an event that was not queued.
 */
static void
conn_take_transition(struct conn *c, const struct cursor_transition *transition, const struct encoded *e)
{
	if (!conn_answer_is_full(c, (int)transition->count) && queue_encoded(c, e, transition->count)) {
		cursor_state_unref(c->cursor_state);
		c->cursor_state = cursor_state_ref(transition->to);
	} else if (transport_answers_once(c)) {
		c->poll.stale = true;
	} else {
		conn_close_slow(c);
	}
}

static void
conn_deliver(struct conn *c, const struct event_batch *b)
{
	struct cursor_transition *transition = cursor_transition_of(c->cursor_state, b);
	if (!transition->to)
		return;
	struct encoded *e = &transition->encoded[transport_of(c)->number];
	if (!e->count)
		encoding_of_transition(transition, b, transport_of(c), e);
	conn_take_transition(c, transition, e);
}

/* Delivers one event by a transition of the stream's own. */
static void
conn_deliver_alone(struct conn *c, struct event *ev)
{
	struct cursor cursor;
	struct encoded e = { .count = 0 };

	cursor_state_cursor(c->cursor_state, &cursor);
	if (cursor_covers(&cursor, ev->conversation, ev->id))
		return;
	cursor_advance(&cursor, ev->conversation, ev->id);
	struct cursor_transition transition = { .from = c->cursor_state, .to = cursor_state_of(&cursor), .count = 1 };
	encoding_of_transition(&transition, &(struct event_batch){ &ev, 1 }, transport_of(c), &e);
	conn_take_transition(c, &transition, &e);
	encoded_free(&e);
	cursor_state_unref(transition.to);
}

/*
 * Delivers the rest of a batch of which a replay has delivered a part. A long-poll that has missed
 * one event gets none of the later ones.
 */
static void
conn_deliver_rest(struct conn *c, const struct event_batch *b, int from)
{
	for (int i = from; i < b->count && c->state < CONN_CLOSING && !c->poll.stale; i++)
		conn_deliver_alone(c, b->events[i]);
}

void
conn_event_batch(struct conn *c, const struct event_batch *b)
{
	if (!conn_accepts(c, true))
		return;
	int replayed = batch_replayed(c, b);
	if (replayed || (b->count > 1 && conn_answer_is_full(c, b->count)))
		conn_deliver_rest(c, b, replayed);
	else
		conn_deliver(c, b);
}

void
conn_event(struct conn *c, struct event *ev)
{
	if (ev->class == EVENT_DURABLE) {
		conn_event_batch(c, &(struct event_batch){ &ev, 1 });
		cursor_state_fanout_end();
	} else if (conn_accepts(c, false)) {
		conn_ephemeral(c, ev);
	}
}

void
conn_received(struct conn *c, struct event *ev)
{
	struct event_batch b = { &ev, 1 };
	const struct cursor_transition *transition = cursor_transition_of(c->cursor_state, &b);

	if (transition->to) {
		cursor_state_unref(c->cursor_state);
		c->cursor_state = cursor_state_ref(transition->to);
	}
	cursor_state_fanout_end();
}

/* Queues a whole JSON text. Returns false when there is no room. */
static bool
queue_text(struct conn *c, const char *json, size_t len)
{
	struct encoded e = { .count = 0 };
	struct event *ev = event_ephemeral(EVENT_NOTICE, json, len);

	encoding_of_event(ev, transport_of(c), &e);
	bool is_queued = queue_encoded(c, &e, 1);
	encoded_free(&e);
	event_unref(ev);
	return is_queued;
}

void
conn_say(struct conn *c, const char *json, size_t len)
{
	if (!queue_text(c, json, len))
		metrics.shed[EVENT_NOTICE]++;
}

void
conn_answer(struct conn *c, const char *json, size_t len)
{
	if (!queue_text(c, json, len))
		conn_close_slow(c);
}

void
conn_notice(struct conn *c, const char *type, const char *data)
{
	char now[CLOCK_TEXT_BYTES], *json;

	clock_text(clock_wall_ms(), now);
	int len = asprintf(&json, "{\"type\":\"%s\",\"time\":\"%s\",\"data\":%s}", type, now, data);
	assert(len > 0);
	conn_say(c, json, (size_t)len);
	free(json);
}
