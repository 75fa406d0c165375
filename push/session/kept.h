/* SPDX-License-Identifier: MIT */
/*
 * Events that arrive while a stream opens. They are kept until its replay is complete, up to a
 * number and a size.
 */
#ifndef PUSH_KEPT_H
#define PUSH_KEPT_H

#include <stdbool.h>

#include "push/fanout/event.h"

/* List of kept events. All zero is an empty list. */
struct kept {
	struct event_list list;
	bool overflowed; /* there were too many, so none is kept: the database has them all */
};

/* Keeps an event. Drops all of them when there are too many. */
void kept_add(struct kept *k, struct event *ev);

/* Drops all events. Returns whether there was one, or too many. */
bool kept_drop(struct kept *k);

#endif
