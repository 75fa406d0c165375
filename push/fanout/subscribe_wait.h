/* SPDX-License-Identifier: MIT */
/*
 * Queue of waiters until Redis has confirmed a subscription. They leave in the order in which they
 * came, which is nearly that of the subscriptions.
 */
#ifndef PUSH_SUBSCRIBE_WAIT_H
#define PUSH_SUBSCRIBE_WAIT_H

#include <stdbool.h>
#include <stdint.h>

struct subscribe_wait;

/* Continues a waiter. Called after it has been removed from the queue. */
typedef void subscribe_wait_turn(struct subscribe_wait *w);

/* A waiter, as a member of the struct that waits. */
struct subscribe_wait {
	struct subscribe_wait *next;
	uint64_t subscription;
	subscribe_wait_turn *turn; /* NULL: not in the queue */
};

/*
 * Adds a waiter for the subscription of that number. It also waits for those before it. 0: it waits
 * only for the end of this turn.
 */
void subscribe_wait_begin(struct subscribe_wait *w, uint64_t subscription, subscribe_wait_turn *turn);

bool subscribe_wait_is_queued(const struct subscribe_wait *w);

/*
 * Continues the waiters whose subscriptions are confirmed. While Redis does not answer nobody waits
 * for it.
 */
void subscribe_wait_turn_end(void);

#endif
