/* SPDX-License-Identifier: MIT */
/*
 * A position: the cursor state of a stream, as an immutable value with a reference count. Equal
 * positions are one object. So the subscribers of a busy group who receive nothing else share one.
 * Events are encoded once for all of them.
 */
#ifndef PUSH_POSITION_H
#define PUSH_POSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/chat/cursor.h"
#include "push/fanout/event.h"

/*
 * Parts that few positions have: places of reading, a pass, and the mark of dropped exceptions
 * (lib/chat/cursor.h).
 */
struct position_more {
	int64_t dropped;
	int reads_count;
	struct cursor_read reads[CURSOR_READS];
	struct cursor_pass pass;
};

struct position {
	uint32_t refs;
	uint32_t hash;
	struct position *bucket_next;
	uint32_t step; /* index of its step in the table of the current fan-out, if it has one there */
	int count;
	int64_t base;
	struct position_more *more; /* NULL: none of these parts */
	struct cursor_exception exceptions[];
};

/* Effect of the current batch on all streams at one position. */
struct position_step {
	struct position *from;
	struct position *to; /* NULL: the cursor covers all events of the batch */
	uint32_t given;	     /* number of events that the cursor does not cover */
	struct encoded encoded[ENCODINGS];
};

/* Returns the position of a cursor, with a reference for the caller. */
struct position *position_of(const struct cursor *cursor);
struct position *position_ref(struct position *p);
void position_unref(struct position *p); /* NULL is legal */

/*
 * Returns the step of a batch from this position. It is computed once for all streams there, and
 * valid until position_fanout_end.
 */
struct position_step *position_step(struct position *p, const struct event_batch *b);

/*
 * Sets the page whose events are delivered: the snapshot that read it, and the end of its pass, or
 * 0. cursor_advance_read and cursor_advance_pass use them. NULL: the events are not of a page.
 */
void position_read_by(const struct cursor_snapshot *snapshot, int64_t pass_end);
bool position_is_reading(void);

/* Returns whether the cursor has a place of reading. */
bool position_has_reads(const struct position *p);

/* Returns whether exceptions were dropped, so that the cursor covers less than was delivered. */
bool position_has_dropped(const struct position *p);

/* Returns whether the stream received more than its base and its exceptions say. */
bool position_is_partial(const struct position *p);

/* Sets the incarnation that the texts of all positions name from now on. */
void position_incarnation(int64_t id);

/* Ends the fan-out of a batch and frees its steps. */
void position_fanout_end(void);

/*
 * Returns the position with a higher base, or p itself. Replaces the caller's reference to p by one
 * to the result.
 */
struct position *position_rebase_take(struct position *p, int64_t base);

void position_cursor(const struct position *p, struct cursor *out);
size_t position_text(const struct position *p, char out[LIMIT_CURSOR_BYTES + 1]);

#endif
