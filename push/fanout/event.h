/* SPDX-License-Identifier: MIT */
/* An event on its way to the streams: immutable, with a reference count. */
#ifndef PUSH_EVENT_H
#define PUSH_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/net/buffer.h"

/*
 * Classes of events, in the order in which overload sheds them. A stream whose queue is fuller than
 * a class's share receives no events of that class (delivery.c).
 */
enum event_class { EVENT_TYPING, EVENT_PRESENCE, EVENT_RECEIPT, EVENT_NOTICE, EVENT_DURABLE, EVENT_CLASSES };

/* one encoding per transport, of at most that many chunks */
enum { ENCODINGS = 3, ENCODED_CHUNKS = 3 };

/*
 * Encoding of an event for one transport, or of several that are delivered together (encoding.h).
 */
struct encoded {
	struct chunk chunks[ENCODED_CHUNKS];
	uint32_t count; /* 0: not encoded yet */
	uint32_t bytes; /* bytes of all chunks */
};

struct event {
	uint32_t refs;
	enum event_class class;
	int64_t conversation; /* 0 for an ephemeral event */
	int64_t id;
	int64_t seq;
	/* the user who left with this event (lib/chat/notification.h) */
	int64_t removed_user;
	/* JSON; a durable event's lacks the last brace, because its cursor follows */
	struct buffer *body;
	/*
	 * encodings of an ephemeral event; those of durable ones are in their transition
	 * (cursor_state.h)
	 */
	struct encoded encoded[ENCODINGS];
};

/* Creates an event with a copy of the JSON, which is a whole object. */
struct event *event_durable(int64_t conversation, int64_t id, int64_t seq, int64_t removed_user, const char *json, size_t len);
struct event *event_ephemeral(enum event_class class, const char *json, size_t len);

struct event *event_ref(struct event *ev);
void event_unref(struct event *ev); /* NULL is legal */

void encoded_free(struct encoded *e);

/* Queue of events in their order. All zero is an empty queue. */
struct event_list {
	struct event **events;
	size_t count, room, at; /* events before index at were taken */
	size_t bytes;		/* bytes of the events that wait */
};

void event_list_add(struct event_list *l, struct event *ev); /* takes over the reference */
bool event_list_has_more(const struct event_list *l);
/* returns the first waiting event with its reference */
struct event *event_list_next(struct event_list *l);
void event_list_free(struct event_list *l);

/* Durable events of one conversation that are delivered together, in order. */
struct event_batch {
	struct event *const *events;
	int count;
};

#endif
