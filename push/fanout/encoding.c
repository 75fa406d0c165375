/* SPDX-License-Identifier: MIT */
/* Encoding of events as bytes of a transport. */
#include "push/fanout/encoding.h"

#include <string.h>

enum { SMALL_BODY = 2048 };

bool
encoding_is_small(const struct event *ev)
{
	return ev->body->len <= SMALL_BODY;
}

static void
encoded_add(struct encoded *e, struct buffer *b, size_t offset, size_t len, bool more)
{
	if (!len)
		return;
	e->chunks[e->count++] =
		(struct chunk){ .buffer = buffer_ref(b), .offset = (uint32_t)offset, .len = (uint32_t)len & CHUNK_LEN_MASK, .more = more };
	e->bytes += (uint32_t)len;
}

/* Encodes an event without copying its body. Head and tail are in a small buffer of their own. */
static void
encode_shared(const struct event *ev, const struct wrap *w, struct encoded *out)
{
	struct buffer *own = buffer_new(w->head_len + w->tail_len);

	memcpy(own->bytes, w->head, w->head_len);
	memcpy(own->bytes + w->head_len, w->tail, w->tail_len);
	encoded_add(out, own, 0, w->head_len, true);
	encoded_add(out, ev->body, 0, ev->body->len, w->tail_len > 0);
	encoded_add(out, own, w->head_len, w->tail_len, false);
	buffer_unref(own);
}

static char *
put(char *at, const char *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

static char *
put_event(char *at, const struct event *ev, const struct wrap *w)
{
	at = put(at, w->head, w->head_len);
	at = put(at, ev->body->bytes, ev->body->len);
	return put(at, w->tail, w->tail_len);
}

static void
encode_whole(const struct event *ev, const struct wrap *w, struct encoded *out)
{
	struct buffer *whole = buffer_new(w->head_len + ev->body->len + w->tail_len);

	put_event(whole->bytes, ev, w);
	encoded_add(out, whole, 0, whole->len, false);
	buffer_unref(whole);
}

static void
encode(const struct event *ev, const char *cursor, const struct transport *t, struct encoded *out)
{
	struct wrap w;

	t->wrap(ev->body->len, cursor, &w);
	if (encoding_is_small(ev))
		encode_whole(ev, &w, out);
	else
		encode_shared(ev, &w, out);
}

void
encoding_of_event(const struct event *ev, const struct transport *t, struct encoded *out)
{
	encode(ev, NULL, t, out);
}

/*
 * Returns an upper limit for the encoded length of a transition's events. The cursor may grow by
 * one exception and by the mark of a dropped one. Their numbers count at full length.
 */
static size_t
transition_room(const struct cursor_transition *transition, const struct event_batch *b)
{
	enum { EXCEPTION_TEXT = 44 };
	char cursor[LIMIT_CURSOR_BYTES + 1];
	size_t text = cursor_state_text(transition->from, cursor) + EXCEPTION_TEXT, room = 0;

	for (int i = 0; i < b->count; i++)
		room += b->events[i]->body->len + 2 * text + WRAP_BYTES;
	return room;
}

static struct buffer *
encode_joined(const struct cursor_transition *transition, const struct event_batch *b, struct cursor *c, const struct transport *t)
{
	struct wrap w;
	char text[LIMIT_CURSOR_BYTES + 1];
	struct buffer *whole = buffer_new(transition_room(transition, b));
	char *at = whole->bytes;

	for (int i = 0; i < b->count; i++) {
		const struct event *ev = b->events[i];
		if (cursor_covers(c, ev->conversation, ev->id))
			continue;
		cursor_advance(c, ev->conversation, ev->id);
		cursor_text(c, text);
		t->wrap(ev->body->len, text, &w);
		if (at > whole->bytes && t->between)
			at = put(at, t->between, strlen(t->between));
		at = put_event(at, ev, &w);
	}
	return buffer_shrink_take(whole, (size_t)(at - whole->bytes));
}

void
encoding_of_transition(const struct cursor_transition *transition, const struct event_batch *b, const struct transport *t, struct encoded *out)
{
	struct cursor c;
	char text[LIMIT_CURSOR_BYTES + 1];

	if (b->count == 1) {
		cursor_state_text(transition->to, text);
		encode(b->events[0], text, t, out);
		return;
	}
	cursor_state_cursor(transition->from, &c);
	struct buffer *whole = encode_joined(transition, b, &c, t);
	encoded_add(out, whole, 0, whole->len, false);
	buffer_unref(whole);
}
