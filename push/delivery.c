/* SPDX-License-Identifier: MIT */
/* Giving an event to a stream: what overload sheds, the cursor that goes with it, and one encoding for all who stand at the same place. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "../lib/identifier.h"
#include "../lib/settings.h"
#include "conn.h"
#include "metrics.h"
#include "transport.h"

/* The order of shedding (P8): a class gets out only while less than its share, in 1/16, of the queue's limit is full. */
static const uint32_t shed_sixteenths[EVENT_CLASSES] = {
	[EVENT_TYPING] = 2, [EVENT_PRESENCE] = 4, [EVENT_RECEIPT] = 8, [EVENT_NOTICE] = 12, [EVENT_DURABLE] = 16,
};

static bool
event_is_shed(const struct conn *c, const struct event *ev)
{
	uint32_t share = (uint32_t)settings.push_queue_bytes / 16 * shed_sixteenths[ev->class];

	if (ev->class == EVENT_DURABLE || c->queue.bytes <= share)
		return false;
	metrics.shed[ev->class]++;
	return true;
}

static bool
queue_encoded(struct conn *c, const struct encoded *e)
{
	uint32_t len = 1;

	for (int i = 0; i < e->count; i++)
		len += e->chunks[i].len;
	if (!conn_has_room(c, len))
		return false;
	if (c->transport->between && c->queue.count) {
		struct buffer *between = c->transport->between();
		conn_queue(c, (struct chunk){ .buffer = between, .len = between->len & CHUNK_LEN_MASK });
	}
	for (int i = 0; i < e->count; i++)
		conn_queue(c, e->chunks[i]);
	c->events_out++;
	metrics.deliveries++;
	return true;
}

static void
conn_ephemeral(struct conn *c, struct event *ev)
{
	struct encoded *e = &ev->encoded[c->transport->number];

	if (event_is_shed(c, ev))
		return;
	if (!e->count)
		c->transport->encode(ev, NULL, e);
	if (!queue_encoded(c, e))
		metrics.shed[ev->class]++;
}

/* The cursor moves only with an event that has found room, so it never says more than the client was given. */
static void
conn_durable(struct conn *c, struct event *ev)
{
	struct position *next = position_after(c->position, ev);

	if (!next)
		return;
	struct encoded *e = position_encoded(next, ev, c->transport->number);
	if (!e->count) {
		char cursor[LIMIT_CURSOR_BYTES + 1];
		position_text(next, cursor);
		c->transport->encode(ev, cursor, e);
	}
	if (!queue_encoded(c, e)) {
		if (c->transport == &transport_poll)
			c->stale = true;
		else
			conn_close(c, CLOSE_SLOW_READER);
		return;
	}
	position_ref(next);
	position_unref(c->position);
	c->position = next;
}

void
conn_event(struct conn *c, struct event *ev)
{
	if (c->state != CONN_LIVE && c->state != CONN_OPENING)
		return;
	if (c->answering || c->stale) {
		c->stale = c->stale || ev->class == EVENT_DURABLE;
		return;
	}
	if (ev->class == EVENT_DURABLE)
		conn_durable(c, ev);
	else
		conn_ephemeral(c, ev);
}

void
conn_say(struct conn *c, const char *json, size_t len)
{
	struct encoded e = { .count = 0 };
	struct event *ev = event_ephemeral(EVENT_NOTICE, json, len);

	c->transport->encode(ev, NULL, &e);
	if (!queue_encoded(c, &e))
		metrics.shed[EVENT_NOTICE]++;
	encoded_free(&e);
	event_unref(ev);
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
