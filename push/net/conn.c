/* SPDX-License-Identifier: MIT */
/* A connection: its states, its deadline and its close. */
#include "push/net/conn.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/settings.h"
#include "push/net/conns.h"
#include "push/net/flush.h"
#include "push/net/incoming.h"
#include "push/net/metrics.h"
#include "push/net/peer.h"
#include "push/net/pool.h"
#include "push/net/rare.h"
#include "push/net/unauthenticated.h"

enum {
	LINGER_MS = 2000, /* time for the peer to receive the last bytes */
	PEER_ENDED = EPOLLRDHUP | EPOLLHUP | EPOLLERR,
};

static struct pool pool = { .size = POOL_SIZE(struct conn) };

/* Connections that have closed in this turn. */
static struct {
	struct conn **list;
	size_t count, room;
} ending;

static void
conn_end_later(struct conn *c)
{
	if (c->ending)
		return;
	c->ending = true;
	ending.list = memory_grow(ending.list, ending.count, &ending.room, sizeof ending.list[0]);
	ending.list[ending.count++] = c;
}

/* ---- states */

void
conn_deadline(struct conn *c, int64_t delay_ms)
{
	timer_start(&c->timer, delay_ms);
}

void
conn_enter(struct conn *c, enum conn_state state)
{
	assert(state >= c->state || state == CONN_HEAD);
	c->state = state;
	if (state > CONN_AUTH)
		unauthenticated_leave(c);
	if (state == CONN_DEAD)
		conn_end_later(c);
}

static void
conn_timeout(struct timer *t)
{
	struct conn *c = LOOP_OWNER(t, struct conn, timer);

	switch (c->state) {
	case CONN_HEAD:
		conn_close_over_limit(c, LIMITED_HANDSHAKE_SECONDS, CLOSE_IDLE);
		return;
	case CONN_AUTH:
		conn_close_over_limit(c, LIMITED_HANDSHAKE_SECONDS, CLOSE_AUTH_TIMEOUT);
		return;
	case CONN_OPENING:
		conn_close(c, CLOSE_UNAVAILABLE);
		return;
	case CONN_LIVE:
		c->owner->timeout(c);
		return;
	case CONN_CLOSING:
		conn_enter(c, CONN_DEAD);
		return;
	case CONN_DEAD:
		return;
	}
}

static void
conn_log_end(const struct conn *c)
{
	const struct close_row *row = close_row(c->why);
	int status = error_row(row->error)->status;
	bool is_refused = c->state < CONN_LIVE && (status == 401 || status == 429);
	char address[PEER_TEXT_BYTES] = "-";

	if (c->owner->is_quiet && (c->why == CLOSE_GONE || c->why == CLOSE_NORMAL || c->why == CLOSE_IDLE))
		return;
	if (is_refused)
		peer_text(c, address);
	log_line(LOG_INFO, "stream_end",
		 "stream=%lu transport=%s user=%ld device=%ld reason=%s code=%d limit=%s duration_ms=%ld events=%u bytes=%lu address=%s", c->number,
		 c->owner->name, (long)c->user, (long)c->device, row->name, row->code, limit_name(c->limit), (long)(loop_now() - c->opened_ms),
		 c->events_out, c->bytes_out, address);
}

void
conn_close(struct conn *c, enum close_reason why)
{
	if (c->state >= CONN_CLOSING)
		return;
	c->why = why;
	metrics.closes[why]++;
	conn_log_end(c);
	if (why == CLOSE_GONE) {
		conn_enter(c, CONN_DEAD);
		return;
	}
	conn_enter(c, CONN_CLOSING);
	if (why == CLOSE_SLOW_READER)
		queue_drop_unsent(&c->queue);
	c->owner->close(c, why);
	conn_deadline(c, LINGER_MS);
	conn_touch(c);
	conn_end_later(c);
}

void
conn_close_over_limit(struct conn *c, enum limit limit, enum close_reason why)
{
	if (c->state >= CONN_CLOSING)
		return;
	c->limit = (uint8_t)limit;
	metrics.limits[limit]++;
	conn_close(c, why);
}

static void
conn_ready(struct watch *w, uint32_t events)
{
	struct conn *c = LOOP_OWNER(w, struct conn, watch);

	if (events & EPOLLOUT) {
		c->writable = true;
		if (c->queue.count || c->state == CONN_CLOSING)
			conn_touch(c);
	}
	if (events & (EPOLLIN | PEER_ENDED))
		conn_read(c, events & PEER_ENDED);
}

void
conn_open(int fd, uint64_t address, const struct conn_owner *owner)
{
	static uint64_t numbers;
	struct conn *c = pool_take(&pool);

	c->watch = (struct watch){ fd, conn_ready };
	c->timer.fire = conn_timeout;
	c->number = ++numbers;
	c->opened_ms = loop_now();
	c->address = address;
	c->owner = owner;
	if (!loop_watch(&c->watch)) {
		close(fd);
		pool_give(&pool, c);
		return;
	}
	conns_add(c);
	conn_deadline(c, settings.push_handshake_seconds * 1000);
	unauthenticated_add(c);
}

static void
conn_hang_up(struct conn *c)
{
	if (c->watch.fd < 0)
		return;
	loop_unwatch(&c->watch);
	close(c->watch.fd);
	c->watch.fd = -1;
	c->writable = false;
	timer_stop(&c->timer);
}

static void
conn_free(struct conn *c)
{
	queue_drop(&c->queue);
	assert(!c->cursor_state);
	rare_free(c);
	conns_remove(c);
	pool_give(&pool, c);
}

static void
conn_end(struct conn *c)
{
	c->ending = false;
	if (!c->left) {
		c->left = true;
		c->owner->ended(c);
	}
	if (c->state != CONN_DEAD)
		return;
	conn_hang_up(c);
	if (c->touched)
		conn_end_later(c);
	else if (!c->pins)
		conn_free(c);
}

void
conn_pin(struct conn *c)
{
	c->pins++;
}

void
conn_unpin(struct conn *c)
{
	if (--c->pins == 0 && c->state == CONN_DEAD)
		conn_end_later(c);
}

/*
 * Repeats until nothing is left to do, because leaving and flushing may touch or close other
 * connections.
 */
void
conn_turn_end(void)
{
	while (flush_is_due() || ending.count) {
		flush_touched();
		size_t ended = ending.count;
		for (size_t i = 0; i < ended; i++)
			conn_end(ending.list[i]);
		ending.count -= ended;
		if (ending.count)
			memmove(ending.list, ending.list + ended, ending.count * sizeof ending.list[0]);
	}
}

void
conn_shutdown(void)
{
	conns_close();
	pool_close(&pool);
	flush_close();
	free(ending.list);
	incoming_close();
}
