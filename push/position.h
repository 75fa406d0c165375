/* SPDX-License-Identifier: MIT */
/*
 * Where a stream stands: its cursor as an immutable, counted value. Equal positions are one object, so the listeners of a busy group who
 * hear nothing else share one, and an event is encoded once for all of them.
 */
#ifndef PUSH_POSITION_H
#define PUSH_POSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../lib/cursor.h"
#include "event.h"

struct position {
	uint32_t refs;
	uint32_t hash;
	struct position *bucket_next;
	uint64_t step_fanout;		   /* in which fan-out the next line was found out */
	struct position *step;		   /* where its event leads from here; NULL: the cursor covers it already */
	uint64_t encoded_fanout;	   /* in which fan-out this was encoded: */
	struct encoded encoded[ENCODINGS]; /* its event with this position's cursor behind it */
	int64_t base;
	int count;
	struct cursor_exception exceptions[];
};

/* The position of a cursor. The caller holds a reference. */
struct position *position_of(const struct cursor *cursor);
struct position *position_ref(struct position *p);
void position_unref(struct position *p); /* NULL is legal */

/*
 * The position after the event, or NULL when the event is covered already. Not counted: who takes it refs it. Computed once for all
 * streams at p while the event is fanned out.
 */
struct position *position_after(struct position *p, const struct event *ev);

/* The position with a higher base (or p itself); the caller's reference to p becomes one to the result. */
struct position *position_rebase_take(struct position *p, int64_t base);

void position_cursor(const struct position *p, struct cursor *out);
size_t position_text(const struct position *p, char out[LIMIT_CURSOR_BYTES + 1]);

/* Where the encoding of an event for one transport is kept during its fan-out; count is 0 the first time. */
struct encoded *position_encoded(struct position *p, const struct event *ev, int transport);

/* Ends a fan-out, which is of one event: what was remembered for it is let go. */
void position_fanout_end(void);

/* How many there are (for metrics and tests). */
size_t position_count(void);

#endif
