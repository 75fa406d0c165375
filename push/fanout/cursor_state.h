/* SPDX-License-Identifier: MIT */
/*
 * The cursor state of a stream, as an immutable value with a reference count. Equal cursor states
 * are one object. So the subscribers of a busy group who receive nothing else share one. Events are
 * encoded once for all of them.
 */
#ifndef PUSH_CURSOR_STATE_H
#define PUSH_CURSOR_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/chat/cursor.h"
#include "push/fanout/event.h"

/*
 * Parts that few cursor states have: places of reading, a pass, and the mark of dropped exceptions
 * (lib/chat/cursor.h).
 */
struct cursor_state_more {
	int64_t dropped;
	int reads_count;
	struct cursor_read reads[CURSOR_READS];
	struct cursor_pass pass;
};

struct cursor_state {
	uint32_t refs;
	uint32_t hash;
	struct cursor_state *bucket_next;
	/* index of its transition in the table of the current fan-out, if it has one there */
	uint32_t transition;
	int count;
	int64_t base;
	struct cursor_state_more *more; /* NULL: none of these parts */
	struct cursor_exception exceptions[];
};

/* Effect of the current batch on all streams at one cursor state. */
struct cursor_transition {
	struct cursor_state *from;
	struct cursor_state *to; /* NULL: the cursor covers all events of the batch */
	uint32_t count;		 /* number of events that the cursor does not cover */
	struct encoded encoded[ENCODINGS];
};

/* Returns the cursor state of a cursor, with a reference for the caller. */
struct cursor_state *cursor_state_of(const struct cursor *cursor);
struct cursor_state *cursor_state_ref(struct cursor_state *p);
void cursor_state_unref(struct cursor_state *p); /* NULL is legal */

/*
 * Returns the transition of a batch from this cursor state. It is computed once for all streams
 * there, and valid until cursor_state_fanout_end.
 */
struct cursor_transition *cursor_transition_of(struct cursor_state *p, const struct event_batch *b);

/*
 * Sets the page whose events are delivered: the snapshot that read it, and the end of its pass, or
 * 0. cursor_advance_read and cursor_advance_pass use them. NULL: the events are not of a page.
 */
void cursor_state_read_by(const struct cursor_snapshot *snapshot, int64_t pass_end);
bool cursor_state_is_reading(void);

/* Returns whether the cursor has a place of reading. */
bool cursor_state_has_reads(const struct cursor_state *p);

/* Returns whether exceptions were dropped, so that the cursor covers less than was delivered. */
bool cursor_state_has_dropped(const struct cursor_state *p);

/* Returns whether the stream received more than its base and its exceptions say. */
bool cursor_state_is_partial(const struct cursor_state *p);

/* Sets the incarnation that the texts of all cursor states name from now on. */
void cursor_state_incarnation(int64_t id);

/* Ends the fan-out of a batch and frees its transitions. */
void cursor_state_fanout_end(void);

/*
 * Returns the cursor state with a higher base, or p itself. Replaces the caller's reference to p by
 * one to the result.
 */
struct cursor_state *cursor_state_rebase_take(struct cursor_state *p, int64_t base);

void cursor_state_cursor(const struct cursor_state *p, struct cursor *out);
size_t cursor_state_text(const struct cursor_state *p, char out[LIMIT_CURSOR_BYTES + 1]);

#endif
