/* SPDX-License-Identifier: MIT */
/* Bundles of events, and their delivery to the subscribers. */
#include "push/fanout/bundle.h"

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

struct topic_bundle {
	struct topic *topic;
	int count;
	uint32_t bytes;
	struct event *events[EVENTS_MOST];
};

static struct {
	struct topic_bundle list[TOPICS_MOST];
	int count;
} open;

static void
give_kept(struct opening *o, const struct bundle *b)
{
	for (int i = 0; i < b->count; i++)
		hub_keep(o, b->events[i]);
}

static void
give(struct topic_bundle *tb)
{
	struct topic *t = tb->topic;
	struct bundle b = { tb->events, tb->count };

	for (uint32_t i = 0; i < t->subscribers_count; i++) {
		struct conn *c = t->subscribers[i];
		if (i + AHEAD < t->subscribers_count)
			conn_prefetch(t->subscribers[i + AHEAD]);
		if (c->opening)
			give_kept(c->opening, &b);
		else
			conn_bundle(c, &b);
	}
	position_fanout_end();
	for (int i = 0; i < tb->count; i++)
		event_unref(tb->events[i]);
	tb->count = 0;
	tb->bytes = 0;
}

void
bundle_give_all(void)
{
	for (int i = 0; i < open.count; i++)
		give(&open.list[i]);
	open.count = 0;
}

bool
bundle_is_open(void)
{
	return open.count > 0;
}

static struct topic_bundle *
bundle_of(struct topic *t)
{
	for (int i = 0; i < open.count; i++)
		if (open.list[i].topic == t)
			return &open.list[i];
	if (open.count == TOPICS_MOST)
		bundle_give_all();
	open.list[open.count].topic = t;
	return &open.list[open.count++];
}

/*
 * Returns whether the event fits into the bundle. Bundles are small, so that one does not close a
 * stream that is a little behind.
 */
static bool
bundle_has_room(const struct topic_bundle *tb, const struct event *ev)
{
	uint32_t most = (uint32_t)settings.push_queue_bytes / 8;

	if (most > BYTES_MOST)
		most = BYTES_MOST;
	return tb->count < EVENTS_MOST && encoding_is_small(tb->events[0]) && encoding_is_small(ev) && tb->bytes + ev->body->len <= most;
}

void
bundle_add(struct topic *t, struct event *ev)
{
	struct topic_bundle *tb = bundle_of(t);

	if (tb->count && !bundle_has_room(tb, ev))
		give(tb);
	tb->events[tb->count++] = event_ref(ev);
	tb->bytes += ev->body->len;
}
