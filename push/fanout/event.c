/* SPDX-License-Identifier: MIT */
/* Events: creation and reference counts. */
#include "push/fanout/event.h"

#include <stdlib.h>

#include "lib/base/memory.h"

static struct event *
event_new(enum event_class class, const char *json, size_t len)
{
	struct event *ev = memory_alloc(sizeof *ev);

	ev->refs = 1;
	ev->class = class;
	ev->body = buffer_from(json, len);
	return ev;
}

struct event *
event_durable(int64_t conversation, int64_t id, int64_t seq, int64_t removed_user, const char *json, size_t len)
{
	struct event *ev = event_new(EVENT_DURABLE, json, len - 1);

	ev->conversation = conversation;
	ev->id = id;
	ev->seq = seq;
	ev->removed_user = removed_user;
	return ev;
}

struct event *
event_ephemeral(enum event_class class, const char *json, size_t len)
{
	return event_new(class, json, len);
}

struct event *
event_ref(struct event *ev)
{
	ev->refs++;
	return ev;
}

void
event_unref(struct event *ev)
{
	if (!ev || --ev->refs > 0)
		return;
	for (int t = 0; t < ENCODINGS; t++)
		encoded_free(&ev->encoded[t]);
	buffer_unref(ev->body);
	free(ev);
}

void
encoded_free(struct encoded *e)
{
	for (uint32_t i = 0; i < e->count; i++)
		buffer_unref(e->chunks[i].buffer);
	e->count = e->bytes = 0;
}

void
event_list_add(struct event_list *l, struct event *ev)
{
	l->events = memory_grow(l->events, l->count, &l->room, sizeof l->events[0]);
	l->events[l->count++] = ev;
	l->bytes += ev->body->len;
}

bool
event_list_has_more(const struct event_list *l)
{
	return l->at < l->count;
}

struct event *
event_list_next(struct event_list *l)
{
	struct event *first = l->events[l->at++];

	l->bytes -= first->body->len;
	return first;
}

void
event_list_free(struct event_list *l)
{
	while (event_list_has_more(l))
		event_unref(event_list_next(l));
	free(l->events);
	*l = (struct event_list){ 0 };
}
