/* SPDX-License-Identifier: MIT */
/* Connections that are not authenticated yet. */
#include "push/net/unauthenticated.h"

#include "lib/base/settings.h"
#include "push/net/loop.h"

enum {
	SHARE = 4, /* their part of all descriptors, as a divisor */
	MOMENT_MS = 500,
};

static struct {
	struct conn *first, *last;
	size_t count, share;
} unauthenticated;

void
unauthenticated_limit(size_t most)
{
	unauthenticated.share = most / SHARE;
}

static bool
unauthenticated_is_full(void)
{
	return unauthenticated.count >= unauthenticated.share || unauthenticated.count >= (size_t)settings.push_handshakes;
}

bool
unauthenticated_has_room(void)
{
	return !unauthenticated_is_full() || loop_now() - unauthenticated.first->opened_ms >= MOMENT_MS;
}

/*
 * Closes the oldest connection when there are too many. A client authenticates within a moment, so
 * the oldest is most likely a silent socket.
 */
static void
make_room(void)
{
	struct conn *oldest = unauthenticated.first;

	if (!unauthenticated_is_full())
		return;
	conn_close_over_limit(oldest, LIMITED_HANDSHAKES, CLOSE_IDLE);
	conn_enter(oldest, CONN_DEAD);
}

void
unauthenticated_add(struct conn *c)
{
	make_room();
	c->unauthenticated = true;
	c->user_prev = unauthenticated.last;
	*(c->user_prev ? &c->user_prev->user_next : &unauthenticated.first) = c;
	unauthenticated.last = c;
	unauthenticated.count++;
}

void
unauthenticated_leave(struct conn *c)
{
	if (!c->unauthenticated)
		return;
	c->unauthenticated = false;
	*(c->user_prev ? &c->user_prev->user_next : &unauthenticated.first) = c->user_next;
	*(c->user_next ? &c->user_next->user_prev : &unauthenticated.last) = c->user_prev;
	c->user_next = c->user_prev = NULL;
	unauthenticated.count--;
}
