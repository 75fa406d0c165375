/* SPDX-License-Identifier: MIT */
/* Queue of waiters for the subscription of a channel. */
#include "push/fanout/line.h"

#include "push/links/bus.h"
#include "push/links/horizon.h"

static struct {
	struct waiting *first, **end;
} line = { .end = &line.first };

void
line_join(struct waiting *w, uint64_t subscription, line_turn *turn)
{
	w->subscription = subscription;
	w->turn = turn;
	w->next = NULL;
	*line.end = w;
	line.end = &w->next;
}

bool
line_has(const struct waiting *w)
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
	return line.first && (line.first->subscription <= bus_acked() || !bus_answers()) && horizon_latest() > 0;
}

void
line_turn_end(void)
{
	while (first_may_go()) {
		struct waiting *w = line.first;
		line_turn *turn = w->turn;

		line.first = w->next;
		if (!line.first)
			line.end = &line.first;
		w->turn = NULL;
		turn(w);
	}
}
