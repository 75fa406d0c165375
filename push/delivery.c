/* SPDX-License-Identifier: MIT */
/* Giving an event to a stream: what overload sheds, the cursor that goes with it, and one encoding for all who stand at the same place. */
#include "delivery.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/identifier.h"
#include "conn.h"
#include "encoding.h"
#include "metrics.h"
#include "transport.h"

/* The order of shedding (P8): a class gets out only while less than its share, in 1/16, of the queue's limit is full. */
static const uint32_t shed_sixteenths[EVENT_CLASSES] = {
	[EVENT_TYPING] = 2, [EVENT_PRESENCE] = 4, [EVENT_RECEIPT] = 8, [EVENT_NOTICE] = 12, [EVENT_DURABLE] = 16,
};

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

static bool
queue_encoded(struct conn *c, const struct encoded *e, uint32_t events)
{
	if (!conn_has_room(c, e->bytes + 1))
		return false;
	if (c->transport->between && c->queue.count) {
		struct buffer *between = between_buffer(c->transport);
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
	struct encoded *e = &ev->encoded[c->transport->number];

	if (event_is_shed(c, ev))
		return;
	if (!e->count)
		encoding_of_event(ev, c->transport, e);
	if (!queue_encoded(c, e, 1))
		metrics.shed[ev->class]++;
}

/* Is the stream one that takes events now? A poll whose answer is going out is not: it opens anew when it has missed a durable one. */
static bool
conn_listens(struct conn *c, bool is_durable)
{
	if (c->state != CONN_LIVE && c->state != CONN_OPENING)
		return false;
	if (!c->answering && !c->stale)
		return true;
	c->stale = c->stale || is_durable;
	return false;
}

/* The cursor moves only with events that have found room, so it never says more than the client was given. */
void
conn_bundle(struct conn *c, const struct bundle *b)
{
	if (!conn_listens(c, true))
		return;
	struct position_step *step = position_step(c->position, b);
	if (!step->to)
		return;
	struct encoded *e = &step->encoded[c->transport->number];
	if (!e->count)
		encoding_of_step(step, b, c->transport, e);
	if (queue_encoded(c, e, step->given)) {
		position_unref(c->position);
		c->position = position_ref(step->to);
	} else if (c->transport == &transport_poll) {
		c->stale = true;
	} else {
		conn_lags(c);
	}
}

void
conn_event(struct conn *c, struct event *ev)
{
	if (ev->class == EVENT_DURABLE) {
		conn_bundle(c, &(struct bundle){ &ev, 1 });
		position_fanout_end();
	} else if (conn_listens(c, false)) {
		conn_ephemeral(c, ev);
	}
}

/* Queues a whole JSON text, if there is room. */
static bool
queue_text(struct conn *c, const char *json, size_t len)
{
	struct encoded e = { .count = 0 };
	struct event *ev = event_ephemeral(EVENT_NOTICE, json, len);

	encoding_of_event(ev, c->transport, &e);
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
		conn_lags(c);
}

void
conn_notice(struct conn *c, const char *type, const char *data)
{
	char now[TIME_TEXT_BYTES], *json;

	time_text(time_now_ms(), now);
	int len = asprintf(&json, "{\"type\":\"%s\",\"time\":\"%s\",\"data\":%s}", type, now, data);
	assert(len > 0);
	conn_say(c, json, (size_t)len);
	free(json);
}
