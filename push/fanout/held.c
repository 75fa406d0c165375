/* SPDX-License-Identifier: MIT */
/* Held events of a topic. */
#include "push/fanout/held.h"

#include <stdlib.h>

#include "lib/base/memory.h"

enum { HELD_MOST = 512 };

struct held_event {
	struct held_event *next;
	struct event *event;
};

void
held_add(struct held *h, struct event *ev)
{
	struct held_event **at = &h->first;

	while (*at && (*at)->event->seq < ev->seq)
		at = &(*at)->next;
	if ((*at && (*at)->event->seq == ev->seq) || h->count >= HELD_MOST)
		return;
	struct held_event *one = memory_alloc(sizeof *one);
	*one = (struct held_event){ *at, event_ref(ev) };
	*at = one;
	h->count++;
}

struct event *
held_take(struct held *h, int64_t seq)
{
	struct held_event *first = h->first;

	if (!first || first->event->seq > seq)
		return NULL;
	struct event *ev = first->event;
	h->first = first->next;
	h->count--;
	free(first);
	return ev;
}

void
held_free(struct held *h)
{
	struct event *ev;

	while ((ev = held_take(h, INT64_MAX)))
		event_unref(ev);
}
