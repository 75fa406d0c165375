/* SPDX-License-Identifier: MIT */
/* Flush at the end of a turn: writes once to each connection that the turn has touched. */
#include "push/net/flush.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/settings.h"
#include "push/net/conn.h"
#include "push/net/metrics.h"
#include "push/net/outgoing.h"
#include "push/net/uring.h"

enum {
	FLUSH_MOST = URING_MOST, /* connections at once */
	URING_LEAST = 4,
	JOIN_BYTES = 4096, /* bytes up to which copying is cheaper than one more system call */
	AHEAD = 8,	   /* connections whose memory is prefetched */
};

/* Connections that need a flush at the end of the turn. */
static struct {
	struct conn **list;
	size_t count, room;
} touched;

void
conn_touch(struct conn *c)
{
	if (c->touched)
		return;
	c->touched = true;
	touched.list = memory_grow(touched.list, touched.count, &touched.room, sizeof touched.list[0]);
	touched.list[touched.count++] = c;
}

bool
flush_is_due(void)
{
	return touched.count > 0;
}

void
flush_open(void)
{
	if (settings.push_uring && !uring_open())
		log_line(LOG_INFO, "uring_absent", "why=%s", strerror(errno));
}

void
flush_close(void)
{
	uring_close();
	free(touched.list);
}

enum written {
	WRITTEN_ALL,
	WRITTEN_PART,
	WRITTEN_NONE,  /* the connection is lost */
	WRITTEN_LATER, /* nothing to handle now */
};

/* State of one connection during a flush. */
struct flushing {
	struct conn *conn;
	enum written written;
};

static enum written
conn_wrote(struct conn *c, enum queue_result result, uint64_t bytes)
{
	c->bytes_out += bytes;
	c->writable = result == QUEUE_SENT;
	return result == QUEUE_SENT ? WRITTEN_ALL : result == QUEUE_BLOCKED ? WRITTEN_PART : WRITTEN_NONE;
}

/* Sends as much as the socket takes. */
static enum written
conn_write(struct conn *c)
{
	uint64_t bytes;
	enum queue_result result = queue_write(&c->queue, c->watch.fd, &bytes);

	return conn_wrote(c, result, bytes);
}

/* Skips a long-poll, because its one answer is made when the turn ends. */
void
flush_at_once(struct conn *c)
{
	if (!c->queue.count || !c->writable || c->owner->answers_once || (c->owner->turn && !c->owner->turn(c)))
		return;
	if (conn_write(c) == WRITTEN_NONE)
		conn_close(c, CLOSE_GONE);
}

/*
 * Prepares a write of the queue when it is one block, and writes any other queue at once. Joins
 * small chunks to one block while io_uring is open.
 */
static enum written
flush_begin(struct conn *c, struct write *w)
{
	w->bytes = NULL;
	w->result = WRITE_UNTRIED;
	if (c->state == CONN_DEAD || (c->owner->turn && c->state != CONN_CLOSING && !c->owner->turn(c)))
		return WRITTEN_LATER;
	if (!c->queue.count)
		return WRITTEN_ALL;
	if (!c->writable)
		return WRITTEN_PART;
	w->fd = c->watch.fd;
	if (uring_is_open())
		queue_join(&c->queue, JOIN_BYTES);
	return queue_block(&c->queue, &w->bytes, &w->len) ? WRITTEN_LATER : conn_write(c);
}

/* Handles the result of a block's write. */
static enum written
flush_result(struct conn *c, const struct write *w)
{
	if (w->result == -EINTR)
		return conn_write(c);
	if (w->result < 0 && w->result != -EAGAIN && w->result != -EWOULDBLOCK)
		return conn_wrote(c, QUEUE_BROKEN, 0);
	uint32_t out = w->result > 0 ? (uint32_t)w->result : 0;
	queue_sent(&c->queue, out);
	return conn_wrote(c, out == w->len ? QUEUE_SENT : QUEUE_BLOCKED, out);
}

static void
flush_end(struct conn *c, enum written written)
{
	if (written == WRITTEN_LATER || c->state == CONN_DEAD)
		return;
	if (written == WRITTEN_NONE) {
		conn_close(c, CLOSE_GONE);
		if (c->state == CONN_CLOSING)
			conn_enter(c, CONN_DEAD);
		return;
	}
	if (c->queue.count)
		return;
	if (c->state == CONN_CLOSING && !c->shut) {
		c->shut = true;
		shutdown(c->watch.fd, SHUT_WR);
		return;
	}
	c->owner->drained(c);
}

static void
send_each(struct write *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct write *w = &list[i];
		if (!w->bytes || w->result != WRITE_UNTRIED)
			continue;
		ssize_t n = send(w->fd, w->bytes, w->len, MSG_NOSIGNAL | MSG_DONTWAIT);
		w->result = n < 0 ? -errno : (int)n;
		metrics.flushes++;
	}
}

/*
 * Sends the blocks by io_uring. Without io_uring, after its failure, and for few blocks, sends one
 * by one.
 */
static void
flush_writes(struct write *list, size_t count, size_t blocks)
{
	if (uring_is_open() && blocks >= URING_LEAST)
		uring_send(list, count);
	send_each(list, count);
}

/*
 * Flushes some of the touched connections: prepares all, writes all, then handles all results. The
 * last step may touch other queues, which must not change before their writes.
 */
static void
flush_some(size_t from, size_t count)
{
	static struct write writes[FLUSH_MOST];
	static struct flushing flushing[FLUSH_MOST];
	size_t blocks = 0;

	for (size_t i = 0; i < count; i++) {
		struct conn *c = touched.list[from + i];
		if (i + AHEAD < count)
			conn_prefetch(touched.list[from + i + AHEAD]);
		c->touched = false;
		flushing[i] = (struct flushing){ c, flush_begin(c, &writes[i]) };
		blocks += writes[i].bytes != NULL;
	}
	flush_writes(writes, count, blocks);
	for (size_t i = 0; i < count; i++)
		if (writes[i].bytes)
			flushing[i].written = flush_result(flushing[i].conn, &writes[i]);
	for (size_t i = 0; i < count; i++)
		flush_end(flushing[i].conn, flushing[i].written);
}

void
flush_touched(void)
{
	for (size_t from = 0, count; from < touched.count; from += count) {
		count = touched.count - from;
		if (count > FLUSH_MOST)
			count = FLUSH_MOST;
		flush_some(from, count);
	}
	touched.count = 0;
}
