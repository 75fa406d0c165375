/* SPDX-License-Identifier: MIT */
/*
 * Queue of waiters until Redis has confirmed a subscription. They leave in the order in which they
 * came, which is nearly that of the subscriptions.
 */
#ifndef PUSH_LINE_H
#define PUSH_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct waiting;

/* Continues a waiter. Called after it has been removed from the queue. */
typedef void line_turn(struct waiting *w);

/* A waiter, as a member of the struct that waits. */
struct waiting {
	struct waiting *next;
	uint64_t subscription;
	line_turn *turn; /* NULL: not in the queue */
};

/*
 * Adds a waiter for the subscription of that number. It also waits for those before it. 0: it waits
 * only for the end of this turn.
 */
void line_join(struct waiting *w, uint64_t subscription, line_turn *turn);

bool line_has(const struct waiting *w);

/*
 * Continues the waiters whose subscriptions are confirmed. While Redis does not answer nobody waits
 * for it.
 */
void line_turn_end(void);

#endif
