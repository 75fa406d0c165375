/* SPDX-License-Identifier: MIT */
/*
 * The cursor: which events a client has received. Clients treat its text as opaque.
 * cursor.c defines the terms.
 *
 * The text is base64url of these numbers, as varints (LEB128):
 *
 *     version 2, incarnation, base
 *     count of exceptions; for each: conversation, id - base
 *     count of reads; for each: id - base, conversation, xmin, xmax - xmin,
 *         count of running transactions; for each: its difference to the one before
 *     dropped - base + 1, or 0
 *     the pass, if there is one: end - base, conversation, end - id
 *
 * Exceptions ascend by conversation. Each conversation is written as the difference to the one
 * before.
 * Version 1 ends after the exceptions and has no incarnation. It is read as incarnation 0.
 */
#ifndef LIB_CURSOR_H
#define LIB_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/limits.h"
#include "lib/chat/cursor_snapshot.h"

enum {
	CURSOR_EXCEPTIONS = 42, /* the most that version 1 has */
	CURSOR_READS = 2,
};

struct cursor_exception {
	int64_t conversation;
	int64_t id; /* never below the base */
};

/* A read: cursor.c has its meaning. It replaces exceptions that do not fit. */
struct cursor_read {
	int64_t id, conversation;
	struct cursor_snapshot snapshot;
};

/* A pass: cursor.c has its meaning. */
struct cursor_pass {
	int64_t end; /* a horizon; 0: there is no pass */
	int64_t conversation, id;
};

struct cursor {
	int64_t incarnation; /* the database's incarnation; 0: version 1, or not known yet */
	int64_t base;
	int64_t dropped; /* the greatest id of a dropped exception; 0: none */
	int count, reads_count;
	/* ascending by conversation, each once */
	struct cursor_exception exceptions[CURSOR_EXCEPTIONS];
	/* ascending by place; the first has the newest snapshot */
	struct cursor_read reads[CURSOR_READS];
	struct cursor_pass pass;
};

/*
 * Parses n bytes of text. Returns false when the text is not a cursor: wrong alphabet, version,
 * length or order, a number out of range, or bytes left over. Also when it is not the only way to
 * write its cursor, so equal cursors have equal texts.
 */
bool cursor_parse(const char *text, size_t n, struct cursor *out) __attribute__((warn_unused_result));

/* Writes the text and a NUL to out. Returns the length. */
size_t cursor_text(const struct cursor *c, char out[LIMIT_CURSOR_BYTES + 1]);

/*
 * Returns whether the base, the pass or an exception covers an event. Reads are not considered: the
 * event's transaction is not known here.
 */
bool cursor_covers(const struct cursor *c, int64_t conversation, int64_t id);

/* Returns the greatest horizon in the cursor: its base, or the end of its pass. */
int64_t cursor_horizon(const struct cursor *c);

/*
 * Returns an id above all that the cursor covers, except what its exceptions name. The client
 * received no other event at or above it.
 */
int64_t cursor_reach(const struct cursor *c);

/*
 * Covers an event that was delivered: adds or raises its conversation's exception. Without room the
 * exception with the smallest id is dropped. The client may then receive events twice after a
 * resume, but never misses one. The id is below INT64_MAX, as every id of event_clock is.
 */
void cursor_advance(struct cursor *c, int64_t conversation, int64_t id);

/*
 * Covers an event of a page, whose events are delivered in the order of (id, conversation). The
 * page was read with this snapshot. Without room a read replaces the exceptions before the event.
 * So nothing is dropped, and each page makes progress.
 */
void cursor_advance_read(struct cursor *c, int64_t conversation, int64_t id, const struct cursor_snapshot *snapshot);

/* Covers an event of a pass, whose events are delivered in the order of (conversation, id). */
void cursor_advance_pass(struct cursor *c, int64_t conversation, int64_t id, int64_t end);

/* Raises the base, and drops what it covers. A base that is not higher changes nothing. */
void cursor_rebase(struct cursor *c, int64_t base);

/* ---- between cursor.c and cursor_text.c */

/* Returns how many exceptions always fit into the text beside so many reads and a pass. */
int cursor_exceptions_room(int reads);

/* Drops the exceptions with the smallest ids until the rest and so many more fit. */
void cursor_fit(struct cursor *c, int more);

/* Returns whether the place of a read is before an event of a page. */
bool cursor_read_is_before(const struct cursor_read *r, int64_t id, int64_t conversation);

#endif
