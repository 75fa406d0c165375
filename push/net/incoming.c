/* SPDX-License-Identifier: MIT */
/* Input of connections. */
#include "push/net/incoming.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/memory.h"
#include "lib/base/settings.h"
#include "push/net/rare.h"
#include "push/net/unfinished.h"

enum { READ_SLACK = 64 * 1024 };

/* Buffer that every connection's input is read into first. */
static struct {
	uint8_t *bytes;
	size_t size;
} input;

static void
input_open(void)
{
	if (input.bytes)
		return;
	input.size = (size_t)settings.push_frame_bytes + 2 * READ_SLACK;
	input.bytes = memory_alloc(input.size);
}

void
conn_save_input(struct conn *c, const uint8_t *data, size_t n)
{
	if (n + READ_SLACK > input.size) {
		conn_close_over_limit(c, LIMITED_FRAME_BYTES, CLOSE_PROTOCOL);
		return;
	}
	if (!n && !c->rare)
		return;
	uint8_t *kept = n ? memory_dup(data, n) : NULL;
	struct rare *r = rare_of(c);
	free(r->pending);
	r->pending = kept;
	r->pending_len = (uint32_t)n;
	unfinished_count(c);
	rare_tidy(c);
}

static void
conn_input(struct conn *c, size_t n)
{
	if (c->state < CONN_CLOSING)
		c->owner->input(c, input.bytes, n);
}

static size_t
pending_len(const struct conn *c)
{
	return c->rare ? c->rare->pending_len : 0;
}

/*
 * Moves the saved input to the front of the shared buffer, before the input that is read next.
 * Returns its length.
 */
static size_t
input_kept(struct conn *c)
{
	size_t n = pending_len(c);

	assert(n + READ_SLACK <= input.size);
	if (!n)
		return 0;
	memcpy(input.bytes, c->rare->pending, n);
	free(c->rare->pending);
	c->rare->pending = NULL;
	c->rare->pending_len = 0;
	rare_tidy(c);
	return n;
}

void
conn_resume_input(struct conn *c)
{
	if (pending_len(c))
		conn_input(c, input_kept(c));
}

/*
 * Reads until the socket is empty, which a short read shows.
 *
 * When the peer has ended, reads up to the end: the loop reports it once, perhaps with the last
 * bytes. The end closes the connection, except while an answer waits to be written. A peer may shut
 * down its own side behind its request, or its close frame, and still read. After the answer our
 * side is shut down too (flush.c), which the loop reports.
 */
void
conn_read(struct conn *c, bool has_ended)
{
	input_open();
	while (c->state != CONN_DEAD) {
		size_t kept = pending_len(c);
		size_t room = input.size - kept;
		ssize_t n = recv(c->watch.fd, input.bytes + kept, room, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n == 0 && c->state == CONN_CLOSING && c->queue.count)
			return;
		if (n <= 0) {
			if (n < 0 && errno == ETIMEDOUT)
				conn_close_over_limit(c, LIMITED_PEER_SECONDS, CLOSE_GONE);
			conn_close(c, CLOSE_GONE);
			if (c->state == CONN_CLOSING)
				conn_enter(c, CONN_DEAD);
			return;
		}
		if (c->state == CONN_CLOSING && (size_t)n == room) {
			conn_enter(c, CONN_DEAD); /* a peer that sends so much does not read */
			return;
		}
		input_kept(c);
		unfinished_pay(c, (size_t)n, kept);
		conn_input(c, kept + (size_t)n);
		if ((size_t)n < room && !has_ended)
			return;
	}
}

void
incoming_close(void)
{
	free(input.bytes);
}
