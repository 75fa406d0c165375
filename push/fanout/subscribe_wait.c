/* SPDX-License-Identifier: MIT */
/* Queue of waiters for the subscription of a channel. */
#include "push/fanout/subscribe_wait.h"

#include "push/links/horizon.h"
#include "push/links/redis.h"

static struct {
	struct subscribe_wait *first, **end;
} waits = { .end = &waits.first };

void
subscribe_wait_begin(struct subscribe_wait *w, uint64_t subscription, subscribe_wait_turn *turn)
{
	w->subscription = subscription;
	w->turn = turn;
	w->next = NULL;
	*waits.end = w;
	waits.end = &w->next;
}

bool
subscribe_wait_is_queued(const struct subscribe_wait *w)
{
	return w->turn;
}

/*
 * Returns whether the first waiter may continue. While Redis does not answer nobody waits for it:
 * the sweep finds the events then, which needs a horizon.
 */
static bool
first_may_go(void)
{
	return waits.first && (waits.first->subscription <= redis_acked() || !redis_answers()) && horizon_latest() > 0;
}

void
subscribe_wait_turn_end(void)
{
	while (first_may_go()) {
		struct subscribe_wait *w = waits.first;
		subscribe_wait_turn *turn = w->turn;

		waits.first = w->next;
		if (!waits.first)
			waits.end = &waits.first;
		w->turn = NULL;
		turn(w);
	}
}
