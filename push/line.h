/* SPDX-License-Identifier: MIT */
/* The line of those who wait until Redis has confirmed a subscription, in the order in which they came, which is nearly that of their numbers. */
#ifndef PUSH_LINE_H
#define PUSH_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct waiting;

/* Its turn has come: it stands in the line no more. */
typedef void line_turn(struct waiting *w);

/* A place in the line, a member of what waits. */
struct waiting {
	struct waiting *next;
	uint64_t subscription;
	line_turn *turn; /* NULL: it does not wait */
};

/* Waits for the subscription of that number, and those before it; 0: for the end of this turn only. */
void line_join(struct waiting *w, uint64_t subscription, line_turn *turn);

bool line_has(const struct waiting *w);

/* Goes on with those whose subscriptions are confirmed. While Redis does not answer nobody waits for it. */
void line_turn_end(void);

#endif
