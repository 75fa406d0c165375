/* SPDX-License-Identifier: MIT */
/* A connection: reading, the bounded queue, one door out. */
#include "conn.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/log.h"
#include "../lib/memory.h"
#include "../lib/settings.h"
#include "flush.h"
#include "front.h"
#include "map.h"
#include "metrics.h"
#include "newcomers.h"
#include "pool.h"
#include "stream.h"
#include "transport.h"
#include "users.h"

enum {
	LINGER_MS = 2000, /* for a peer to take the last words */
	READ_SLACK = 64 * 1024,
	READ_COST = 64,	       /* what a read costs beside its bytes, as bytes … */
	KEPT_SHARE = 32,       /* … and what is copied once more for it: whoever sends a long frame byte by byte pays for that */
	DESCRIPTORS_KEPT = 64, /* for the database, Redis, the log … */
	PEER_ENDED = EPOLLRDHUP | EPOLLHUP | EPOLLERR,
};

static struct pool pool = { .size = POOL_SIZE(struct conn) };

/* All connections, densely; and those that this turn has ended. */
static struct {
	struct conn **all;
	size_t count, room;
	struct map addresses; /* hash of an address -> its count */
	size_t most;	      /* that descriptors allow */
	struct conn **ending;
	size_t ending_count, ending_room;
	uint8_t *input; /* what is read goes here first, whoever sends it */
	size_t input_size;
	uint64_t numbers;
} conns;

static void
conns_begin(void)
{
	struct rlimit limit = { .rlim_cur = 0 };

	if (conns.input)
		return;
	conns.input_size = (size_t)settings.push_frame_bytes + 2 * READ_SLACK;
	conns.input = memory_alloc(conns.input_size);
	getrlimit(RLIMIT_NOFILE, &limit);
	conns.most = limit.rlim_cur > 2 * DESCRIPTORS_KEPT ? limit.rlim_cur - DESCRIPTORS_KEPT : limit.rlim_cur / 2;
	newcomers_limit(conns.most);
}

static void
conn_end_later(struct conn *c)
{
	if (c->ending)
		return;
	c->ending = true;
	conns.ending = memory_room(conns.ending, conns.ending_count, &conns.ending_room, sizeof conns.ending[0]);
	conns.ending[conns.ending_count++] = c;
}

/* The count is kept in the pointer itself. */
static void
address_count(uint64_t address, int step)
{
	int64_t key = (int64_t)(address >> 1 | 1);
	intptr_t count = (intptr_t)map_get(&conns.addresses, key) + step;

	map_remove(&conns.addresses, key);
	if (count > 0)
		map_put(&conns.addresses, key, (void *)count);
}

size_t
conn_count_of(uint64_t address)
{
	return (size_t)(intptr_t)map_get(&conns.addresses, (int64_t)(address >> 1 | 1));
}

size_t
conn_count(void)
{
	return conns.count;
}

struct conn *
conn_next(struct conn *after)
{
	size_t i = after ? after->slot + 1 : 0;

	return i < conns.count ? conns.all[i] : NULL;
}

void
conn_address(struct conn *c, uint64_t address)
{
	address_count(c->address, -1);
	c->address = address;
	address_count(address, 1);
}

/* ---- the queue */

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
	bool is_short = c->transport == &transport_poll || memory_is_scarce();

	if (is_short && settings.push_replay_bytes < settings.push_queue_bytes)
		return (uint32_t)settings.push_replay_bytes;
	return (uint32_t)settings.push_queue_bytes;
}

bool
conn_is_behind(const struct conn *c)
{
	uint32_t limit = conn_queue_limit(c), page = (uint32_t)settings.push_replay_bytes;

	return c->queue.bytes > (page < limit ? page : limit) / 2 && c->transport != &transport_poll;
}

void
conn_lags(struct conn *c)
{
	conn_exceeds(c, memory_is_scarce() ? BOUND_BUFFER_BYTES : BOUND_QUEUE_BYTES, CLOSE_SLOW_READER);
}

/* An empty queue takes whatever comes: a single event may be larger than the limit. */
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
		conn_lags(c);
		return;
	}
	struct buffer *b = buffer_from(bytes, len);
	conn_queue(c, (struct chunk){ .buffer = b, .len = b->len & CHUNK_LEN_MASK });
	buffer_unref(b);
}

/* ---- reading */

void
conn_keep(struct conn *c, const uint8_t *data, size_t n)
{
	if (n + READ_SLACK > conns.input_size) {
		conn_exceeds(c, BOUND_FRAME_BYTES, CLOSE_PROTOCOL);
		return;
	}
	uint8_t *kept = n ? memory_dup(data, n) : NULL;

	free(c->pending);
	c->pending = kept;
	c->pending_len = (uint32_t)n;
}

static void
conn_input(struct conn *c, size_t n)
{
	if (c->state >= CONN_CLOSING)
		return;
	if (c->transport)
		c->transport->input(c, conns.input, n);
	else
		front_input(c, conns.input, n);
}

/* What is kept stands before what is read next, in the one buffer for all. */
static size_t
input_kept(struct conn *c)
{
	size_t n = c->pending_len;

	assert(n + READ_SLACK <= conns.input_size);
	if (n)
		memcpy(conns.input, c->pending, n);
	free(c->pending);
	c->pending = NULL;
	c->pending_len = 0;
	return n;
}

void
conn_resume_input(struct conn *c)
{
	if (c->pending_len)
		conn_input(c, input_kept(c));
}

/*
 * A short read says that there is no more for now. But when the peer has ended, which the loop may say together with its last bytes and says
 * once, the end has to be read. It is the end of the connection too, but for an answer that waits to go out: a peer may shut its own side
 * behind its request, or its close frame, and still read. When the answer is out our side is shut as well (flush.c), and the loop says that.
 */
static void
conn_read(struct conn *c, bool has_ended)
{
	while (c->state != CONN_DEAD) {
		size_t kept = c->pending_len;
		size_t room = conns.input_size - kept;
		ssize_t n = recv(c->watch.fd, conns.input + kept, room, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n == 0 && c->state == CONN_CLOSING && c->queue.count)
			return;
		if (n <= 0) {
			conn_close(c, CLOSE_GONE);
			if (c->state == CONN_CLOSING)
				conn_enter(c, CONN_DEAD);
			return;
		}
		if (c->state == CONN_CLOSING && (size_t)n == room) {
			conn_enter(c, CONN_DEAD); /* whoever goes on sending so much does not listen */
			return;
		}
		input_kept(c);
		if (c->user && !users_pay(c->user, READ_COST + (uint32_t)n + (uint32_t)kept / KEPT_SHARE))
			conn_exceeds(c, BOUND_INPUT_BYTES, CLOSE_PROTOCOL);
		conn_input(c, kept + (size_t)n);
		if ((size_t)n < room && !has_ended)
			return;
	}
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
		newcomers_leave(c);
	if (state == CONN_DEAD)
		conn_end_later(c);
}

static void
conn_timeout(struct timer *t)
{
	struct conn *c = LOOP_OWNER(t, struct conn, timer);

	switch (c->state) {
	case CONN_HEAD:
		conn_exceeds(c, BOUND_HANDSHAKE_SECONDS, CLOSE_IDLE);
		return;
	case CONN_AUTH:
		conn_exceeds(c, BOUND_HANDSHAKE_SECONDS, CLOSE_AUTH_TIMEOUT);
		return;
	case CONN_OPENING:
		conn_close(c, CLOSE_UNAVAILABLE);
		return;
	case CONN_LIVE:
		stream_timeout(c);
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

	if (!c->transport && (c->why == CLOSE_GONE || c->why == CLOSE_NORMAL || c->why == CLOSE_IDLE))
		return; /* a probe, a plain request, or one that has asked for nothing: a flood of them must not flood the log */
	log_line(LOG_INFO, "stream_end", "stream=%lu transport=%s user=%ld device=%ld reason=%s code=%d limit=%s duration_ms=%ld events=%u bytes=%lu",
		 c->number, c->transport ? c->transport->name : "http", stream_user(c), (long)c->device, row->name, row->code, bound_name(c->bound),
		 (long)(loop_now() - c->opened_ms), c->events_out, c->bytes_out);
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
	if (c->transport)
		c->transport->close(c, why);
	else
		front_refuse(c, why);
	conn_deadline(c, LINGER_MS);
	conn_touch(c);
	conn_end_later(c);
}

void
conn_exceeds(struct conn *c, enum bound bound, enum close_reason why)
{
	if (c->state >= CONN_CLOSING)
		return;
	c->bound = (uint8_t)bound;
	metrics.bounds[bound]++;
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

bool
conn_is_full(void)
{
	conns_begin();
	return conns.count >= conns.most;
}

bool
conn_may_open(void)
{
	conns_begin();
	return newcomers_have_room();
}

void
conn_open(int fd, uint64_t address)
{
	struct conn *c = pool_take(&pool);

	conns_begin();
	c->watch = (struct watch){ fd, conn_ready };
	c->timer.fire = conn_timeout;
	c->number = ++conns.numbers;
	c->opened_ms = loop_now();
	c->address = address;
	if (!loop_watch(&c->watch)) {
		close(fd);
		pool_give(&pool, c);
		return;
	}
	address_count(address, 1);
	c->slot = (uint32_t)conns.count;
	conns.all = memory_room(conns.all, conns.count, &conns.room, sizeof conns.all[0]);
	conns.all[conns.count++] = c;
	metrics.connections = conns.count;
	conn_deadline(c, settings.push_handshake_seconds * 1000);
	newcomers_add(c);
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
	free(c->pending);
	frame_input_free(&c->input);
	position_unref(c->position);
	position_unref(c->answered);
	address_count(c->address, -1);
	conns.all[c->slot] = conns.all[--conns.count];
	conns.all[c->slot]->slot = c->slot;
	metrics.connections = conns.count;
	pool_give(&pool, c);
}

static void
conn_end(struct conn *c)
{
	c->ending = false;
	if (!c->left) {
		c->left = true;
		stream_leave(c);
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

/* Leaving and flushing may touch and end others: until nothing is left to do. */
void
conn_turn_end(void)
{
	while (flush_is_due() || conns.ending_count) {
		flush_touched();
		size_t ending = conns.ending_count;
		for (size_t i = 0; i < ending; i++)
			conn_end(conns.ending[i]);
		conns.ending_count -= ending;
		if (conns.ending_count)
			memmove(conns.ending, conns.ending + ending, conns.ending_count * sizeof conns.ending[0]);
	}
}

void
conn_shutdown(void)
{
	assert(conns.count == 0);
	pool_close(&pool);
	free(conns.all);
	flush_close();
	free(conns.ending);
	free(conns.input);
	map_free(&conns.addresses);
}
