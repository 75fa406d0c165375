/* SPDX-License-Identifier: MIT */
/* Connections that are not authenticated yet. */
#include "push/net/newcomers.h"

#include "lib/base/settings.h"
#include "push/net/loop.h"

enum {
	SHARE = 4, /* their part of all descriptors, as a divisor */
	MOMENT_MS = 500,
};

static struct {
	struct conn *first, *last;
	size_t count, share;
} newcomers;

void
newcomers_limit(size_t most)
{
	newcomers.share = most / SHARE;
}

static bool
newcomers_are_full(void)
{
	return newcomers.count >= newcomers.share || newcomers.count >= (size_t)settings.push_handshakes;
}

bool
newcomers_have_room(void)
{
	return !newcomers_are_full() || loop_now() - newcomers.first->opened_ms >= MOMENT_MS;
}

/*
 * Closes the oldest connection when there are too many. A client authenticates within a moment, so
 * the oldest is most likely a silent socket.
 */
static void
make_room(void)
{
	struct conn *oldest = newcomers.first;

	if (!newcomers_are_full())
		return;
	conn_close_over_limit(oldest, LIMITED_HANDSHAKES, CLOSE_IDLE);
	conn_enter(oldest, CONN_DEAD);
}

void
newcomers_add(struct conn *c)
{
	make_room();
	c->newcomer = true;
	c->user_prev = newcomers.last;
	*(c->user_prev ? &c->user_prev->user_next : &newcomers.first) = c;
	newcomers.last = c;
	newcomers.count++;
}

void
newcomers_leave(struct conn *c)
{
	if (!c->newcomer)
		return;
	c->newcomer = false;
	*(c->user_prev ? &c->user_prev->user_next : &newcomers.first) = c->user_next;
	*(c->user_next ? &c->user_next->user_prev : &newcomers.last) = c->user_prev;
	c->user_next = c->user_prev = NULL;
	newcomers.count--;
}
