/* SPDX-License-Identifier: MIT */
/*
 * Where a stream stands: its cursor as an immutable, counted value. Equal positions are one object, so the listeners of a busy group who
 * hear nothing else share one, and what is given to them is encoded once for all of them.
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
	uint32_t step; /* where its step stands in the table of the fan-out that is going on, if it has one there */
	int count;
	int64_t base;
	struct cursor_exception exceptions[];
};

/* What the bundle that is being given means to all streams at one position. */
struct position_step {
	struct position *from;
	struct position *to; /* NULL: the cursor covers all of it already */
	uint32_t given;	     /* how many of its events the cursor does not cover */
	struct encoded encoded[ENCODINGS];
};

/* The position of a cursor. The caller holds a reference. */
struct position *position_of(const struct cursor *cursor);
struct position *position_ref(struct position *p);
void position_unref(struct position *p); /* NULL is legal */

/* The step of a bundle from this position, found out once for all streams there; good until position_fanout_end. */
struct position_step *position_step(struct position *p, const struct bundle *b);

/* Ends a fan-out, which is of one bundle: its steps are let go. */
void position_fanout_end(void);

/* The position with a higher base (or p itself); the caller's reference to p becomes one to the result. */
struct position *position_rebase_take(struct position *p, int64_t base);

void position_cursor(const struct position *p, struct cursor *out);
size_t position_text(const struct position *p, char out[LIMIT_CURSOR_BYTES + 1]);

/* How many there are (for metrics and tests). */
size_t position_count(void);

#endif
