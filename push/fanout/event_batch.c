/* SPDX-License-Identifier: MIT */
/* Batches of events, and their delivery to the subscribers. */
#include "push/fanout/event_batch.h"

#include "lib/base/settings.h"
#include "push/fanout/delivery.h"
#include "push/fanout/encoding.h"
#include "push/net/conn.h"
#include "push/net/outgoing.h"

enum {
	TOPICS_MOST = 32,
	EVENTS_MOST = 64,
	BYTES_MOST = 32 * 1024,
	AHEAD = 8, /* subscribers whose memory is prefetched */
};

struct topic_batch {
	struct topic *topic;
	int count;
	uint32_t bytes;
	struct event *events[EVENTS_MOST];
};

static struct {
	struct topic_batch list[TOPICS_MOST];
	int count;
} open;

static void
batch_keep(struct resume *o, const struct event_batch *b)
{
	for (int i = 0; i < b->count; i++)
		hub_keep(o, b->events[i]);
}

static void
batch_deliver(struct topic_batch *tb)
{
	struct topic *t = tb->topic;
	struct event_batch b = { tb->events, tb->count };

	for (uint32_t i = 0; i < t->subscribers_count; i++) {
		struct conn *c = t->subscribers[i];
		if (i + AHEAD < t->subscribers_count)
			conn_prefetch(t->subscribers[i + AHEAD]);
		if (c->resume)
			batch_keep(c->resume, &b);
		else
			conn_event_batch(c, &b);
	}
	cursor_state_fanout_end();
	for (int i = 0; i < tb->count; i++)
		event_unref(tb->events[i]);
	tb->count = 0;
	tb->bytes = 0;
}

void
event_batch_deliver_all(void)
{
	for (int i = 0; i < open.count; i++)
		batch_deliver(&open.list[i]);
	open.count = 0;
}

bool
event_batch_is_open(void)
{
	return open.count > 0;
}

static struct topic_batch *
event_batch_of(struct topic *t)
{
	for (int i = 0; i < open.count; i++)
		if (open.list[i].topic == t)
			return &open.list[i];
	if (open.count == TOPICS_MOST)
		event_batch_deliver_all();
	open.list[open.count].topic = t;
	return &open.list[open.count++];
}

/*
 * Returns whether the event fits into the batch. Batches are small, so that one does not close a
 * stream that is a little behind.
 */
static bool
event_batch_has_room(const struct topic_batch *tb, const struct event *ev)
{
	uint32_t most = (uint32_t)settings.push_queue_bytes / 8;

	if (most > BYTES_MOST)
		most = BYTES_MOST;
	return tb->count < EVENTS_MOST && encoding_is_small(tb->events[0]) && encoding_is_small(ev) && tb->bytes + ev->body->len <= most;
}

void
event_batch_add(struct topic *t, struct event *ev)
{
	struct topic_batch *tb = event_batch_of(t);

	if (tb->count && !event_batch_has_room(tb, ev))
		batch_deliver(tb);
	tb->events[tb->count++] = event_ref(ev);
	tb->bytes += ev->body->len;
}
