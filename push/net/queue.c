/* SPDX-License-Identifier: MIT */
/* Output queue of a connection. */
#include "push/net/queue.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "lib/base/memory.h"
#include "push/net/metrics.h"

enum {
	ROOM_AT_FIRST = 8,
	ROOM_MOST = 8192, /* limit of chunks */
	IOVECS = 64,
};

static struct chunk *
queue_at(struct queue *q, uint16_t i)
{
	return q->room ? &q->ring[(q->head + i) & (q->room - 1)] : &q->one;
}

static void
queue_grow(struct queue *q)
{
	uint16_t room = q->room ? (uint16_t)(q->room * 2) : ROOM_AT_FIRST;
	struct chunk *ring = memory_resize(NULL, room * sizeof ring[0]);

	for (uint16_t i = 0; i < q->count; i++)
		ring[i] = *queue_at(q, i);
	if (q->room)
		free(q->ring);
	q->ring = ring;
	q->head = 0;
	q->room = room;
}

static void
bytes_gone(struct queue *q, uint32_t n)
{
	q->bytes -= n;
	metrics.queue_bytes -= n;
}

static void
queue_drop_first(struct queue *q)
{
	struct chunk *first = queue_at(q, 0);

	bytes_gone(q, first->len - q->sent);
	q->sent = 0;
	q->mid_frame = first->more;
	buffer_unref(first->buffer);
	if (q->room)
		q->head = (uint16_t)((q->head + 1) & (q->room - 1));
	q->count--;
}

static void
queue_drop_last(struct queue *q)
{
	const struct chunk *last = queue_at(q, --q->count);

	bytes_gone(q, last->len);
	buffer_unref(last->buffer);
}

/* Frees the ring of an empty queue, so that it holds no memory. */
static void
queue_settle(struct queue *q)
{
	if (q->count)
		return;
	if (q->room)
		free(q->ring);
	*q = (struct queue){ .count = 0 };
}

void
queue_drop(struct queue *q)
{
	while (q->count)
		queue_drop_first(q);
	queue_settle(q);
}

void
queue_drop_unsent(struct queue *q)
{
	uint16_t keep = 0;

	if (q->mid_frame || q->sent)
		while (keep < q->count && queue_at(q, keep++)->more)
			;
	while (q->count > keep)
		queue_drop_last(q);
	queue_settle(q);
}

void
queue_add(struct queue *q, struct chunk k)
{
	if (k.len == 0)
		return;
	if (q->count == (q->room ? q->room : 1))
		queue_grow(q);
	buffer_ref(k.buffer);
	*queue_at(q, q->count++) = k;
	q->bytes += k.len;
	metrics.queue_bytes += k.len;
}

bool
queue_has_room(const struct queue *q, uint32_t len, uint32_t limit)
{
	return q->bytes + len <= limit && q->count + QUEUE_SPARE <= ROOM_MOST;
}

struct buffer *
queue_take(struct queue *q)
{
	struct buffer *all = buffer_new(q->bytes);
	size_t at = 0;

	assert(q->sent == 0);
	for (uint16_t i = 0; i < q->count; i++) {
		const struct chunk *k = queue_at(q, i);
		memcpy(all->bytes + at, k->buffer->bytes + k->offset, k->len);
		at += k->len;
	}
	queue_drop(q);
	return all;
}

void
queue_join(struct queue *q, uint32_t most)
{
	if (q->count < 2 || q->bytes > most || q->sent || q->mid_frame)
		return;
	struct buffer *all = queue_take(q);
	queue_add(q, (struct chunk){ .buffer = all, .len = all->len & CHUNK_LEN_MASK });
	buffer_unref(all);
}

bool
queue_block(struct queue *q, const char **bytes, uint32_t *len)
{
	if (q->count != 1)
		return false;
	const struct chunk *k = queue_at(q, 0);
	*bytes = k->buffer->bytes + k->offset + q->sent;
	*len = k->len - q->sent;
	return true;
}

void
queue_sent(struct queue *q, uint32_t n)
{
	metrics.bytes_out += n;
	while (n) {
		uint32_t rest = queue_at(q, 0)->len - q->sent;
		if (n >= rest) {
			n -= rest;
			queue_drop_first(q);
		} else {
			q->sent += n;
			bytes_gone(q, n);
			n = 0;
		}
	}
	queue_settle(q);
}

static ssize_t
queue_send(struct queue *q, int fd, size_t *want)
{
	struct iovec iov[IOVECS];
	int count = 0;

	*want = 0;
	for (; count < IOVECS && count < q->count; count++) {
		const struct chunk *k = queue_at(q, (uint16_t)count);
		uint32_t skip = count == 0 ? q->sent : 0;
		iov[count] = (struct iovec){ k->buffer->bytes + k->offset + skip, k->len - skip };
		*want += k->len - skip;
	}
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = (size_t)count };
	metrics.flushes++;
	return sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

enum queue_result
queue_write(struct queue *q, int fd, uint64_t *bytes)
{
	enum queue_result result = QUEUE_SENT;
	size_t want;

	*bytes = 0;
	while (q->count && result == QUEUE_SENT) {
		ssize_t n = queue_send(q, fd, &want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
			return QUEUE_BROKEN;
		if (n < (ssize_t)want)
			result = QUEUE_BLOCKED;
		if (n > 0) {
			*bytes += (uint64_t)n;
			queue_sent(q, (uint32_t)n);
		}
	}
	return result;
}
