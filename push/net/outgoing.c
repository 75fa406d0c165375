/* SPDX-License-Identifier: MIT */
/* Queue of a connection, and its limits. */
#include "push/net/outgoing.h"

#include "lib/base/settings.h"
#include "push/net/flush.h"
#include "push/net/metrics.h"

void
conn_queue(struct conn *c, struct chunk k)
{
	if (c->state == CONN_DEAD)
		return;
	queue_add(&c->queue, k);
	conn_touch(c);
}

static bool
memory_is_scarce(void)
{
	return metrics.buffer_bytes > (uint64_t)settings.push_buffer_bytes;
}

uint32_t
conn_queue_limit(const struct conn *c)
{
	bool is_short = c->owner->answers_once || memory_is_scarce();

	if (is_short && settings.push_replay_bytes < settings.push_queue_bytes)
		return (uint32_t)settings.push_replay_bytes;
	return (uint32_t)settings.push_queue_bytes;
}

bool
conn_is_behind(const struct conn *c)
{
	uint32_t limit = conn_queue_limit(c), page = (uint32_t)settings.push_replay_bytes;

	return c->queue.bytes > (page < limit ? page : limit) / 2 && !c->owner->answers_once;
}

void
conn_close_slow(struct conn *c)
{
	conn_close_over_limit(c, memory_is_scarce() ? LIMITED_BUFFER_BYTES : LIMITED_QUEUE_BYTES, CLOSE_SLOW_READER);
}

/*
 * Returns whether bytes fit the queue. An empty queue takes any event, which may be larger than the
 * limit.
 */
static bool
has_room(const struct conn *c, uint32_t len)
{
	return !c->queue.count || queue_has_room(&c->queue, len, conn_queue_limit(c));
}

bool
conn_has_room(struct conn *c, uint32_t len)
{
	if (c->state == CONN_CLOSING || has_room(c, len))
		return true;
	flush_at_once(c);
	return has_room(c, len);
}

void
conn_queue_bytes(struct conn *c, const void *bytes, size_t len)
{
	if (!conn_has_room(c, (uint32_t)len)) {
		conn_close_slow(c);
		return;
	}
	struct buffer *b = buffer_from(bytes, len);
	conn_queue(c, (struct chunk){ .buffer = b, .len = b->len & CHUNK_LEN_MASK });
	buffer_unref(b);
}
