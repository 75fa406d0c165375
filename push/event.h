/* SPDX-License-Identifier: MIT */
/* An event on its way to the streams: immutable and counted. */
#ifndef PUSH_EVENT_H
#define PUSH_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

/* In what order overload sheds: a stream whose queue is fuller than its share does not get that class of events (delivery.c). */
enum event_class { EVENT_TYPING, EVENT_PRESENCE, EVENT_RECEIPT, EVENT_NOTICE, EVENT_DURABLE, EVENT_CLASSES };

enum { ENCODINGS = 3, ENCODED_CHUNKS = 3 }; /* one for each transport, in at most that many parts */

/* An event, or several that are given together, as a transport has them (encoding.h). */
struct encoded {
	struct chunk chunks[ENCODED_CHUNKS];
	uint32_t count; /* 0: not made yet */
	uint32_t bytes; /* in all */
};

struct event {
	uint32_t refs;
	enum event_class class;
	int64_t conversation; /* durable ones: 0 else */
	int64_t id;
	int64_t seq;
	int64_t gone;			   /* who has left with it (lib/doorbell.h) */
	struct buffer *body;		   /* the JSON; of a durable event without its last brace, since the cursor comes there */
	struct encoded encoded[ENCODINGS]; /* of an ephemeral event; those of durable ones are kept with their step (position.h) */
};

/* Both copy the JSON, a whole object. */
struct event *event_durable(int64_t conversation, int64_t id, int64_t seq, int64_t gone, const char *json, size_t len);
struct event *event_ephemeral(enum event_class class, const char *json, size_t len);

struct event *event_ref(struct event *ev);
void event_unref(struct event *ev); /* NULL is legal */

void encoded_free(struct encoded *e);

/* Events that wait, in order. All zero: none. */
struct event_list {
	struct event **events;
	size_t count, room, at; /* those before at were taken */
	size_t bytes;		/* of those that wait */
};

void event_list_add(struct event_list *l, struct event *ev); /* takes the reference */
bool event_list_has_more(const struct event_list *l);
struct event *event_list_next(struct event_list *l); /* the first of those that wait, and its reference */
void event_list_free(struct event_list *l);

/* Durable events of one conversation that are given together, in order. */
struct bundle {
	struct event *const *events;
	int count;
};

#endif
