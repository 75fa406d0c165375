/* SPDX-License-Identifier: MIT */
/* Held events of a topic: those that arrived before their turn, behind a hole. */
#ifndef PUSH_HELD_H
#define PUSH_HELD_H

#include <stdint.h>

#include "push/fanout/event.h"

struct held_event;

/* A list, ascending by seq, each once. All zero: empty. */
struct held {
	struct held_event *first;
	uint32_t count;
};

/* Keeps an event, unless it is kept already or the list is full. A repair reads it then. */
void held_add(struct held *h, struct event *ev);

/*
 * Removes and returns the first event up to this seq, or returns NULL. The caller unrefs the event.
 */
struct event *held_take(struct held *h, int64_t seq);

void held_free(struct held *h);

#endif
