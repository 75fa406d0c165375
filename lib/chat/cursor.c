/* SPDX-License-Identifier: MIT */
/*
 * The cursor's arithmetic. cursor_text.c writes and reads its text.
 *
 * Terms
 *     event      a durable event that the user may receive, with a conversation and an id; ids
 *                ascend within the conversation
 *     covered    received by the client that holds the cursor
 *     base       every event below this id is covered
 *     exception  a conversation and an id: the events of the conversation up to the id are covered
 *     snapshot   a snapshot of PostgreSQL: the transactions that had ended when it was taken
 *     read       (place of reading) a place (id, conversation) and a snapshot: of the events before
 *                the place, in that order, those that the snapshot sees are covered
 *     pass       the reading of a long absence in the order of (conversation, id), up to an end: of
 *                the events below the end, those up to the place of the pass are covered
 *
 * Invariants
 * 1. No cursor covers an event that the client has not received. A cursor may fail to cover an
 *    event that it has received; the client then receives it again.
 * 2. Exceptions ascend by conversation, one for each. Their ids are at or above the base.
 * 3. Reads ascend by place. Their ids are at or above the base.
 * 4. A pass ends above the base. Its place is below its end.
 * 5. The exceptions fit into the text beside the reads and a pass (cursor_exceptions_room).
 *    So every cursor can be written in LIMIT_CURSOR_BYTES.
 * 6. An exception that does not fit is dropped, the smallest id first. The field dropped holds the
 *    greatest of these ids until the base is above it.
 * 7. A cursor has one text in version 2: varints have their shortest form, and the text is ASCII.
 * 8. The ids of exceptions, reads and dropped are below INT64_MAX, so the next id is a number too.
 *
 * cursor_parse accepts only texts whose cursors hold 2 to 5, 7 and 8. It drops exceptions of
 * version 1 that do not fit. Every other function keeps all eight.
 */
#include "lib/chat/cursor.h"

#include <string.h>

bool
cursor_read_is_before(const struct cursor_read *r, int64_t id, int64_t conversation)
{
	return r->id < id || (r->id == id && r->conversation < conversation);
}

/* Returns the index of the conversation's exception, or the index at which it would be inserted. */
static int
exception_find(const struct cursor *c, int64_t conversation)
{
	int low = 0, high = c->count;

	while (low < high) {
		int middle = (low + high) / 2;
		if (c->exceptions[middle].conversation < conversation)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
exception_is(const struct cursor *c, int at, int64_t conversation)
{
	return at < c->count && c->exceptions[at].conversation == conversation;
}

/* Returns whether the base or the pass covers an event. */
static bool
is_below(const struct cursor *c, int64_t conversation, int64_t id)
{
	const struct cursor_pass *p = &c->pass;

	return id < c->base || (id < p->end && (conversation < p->conversation || (conversation == p->conversation && id <= p->id)));
}

bool
cursor_covers(const struct cursor *c, int64_t conversation, int64_t id)
{
	if (is_below(c, conversation, id))
		return true;
	int at = exception_find(c, conversation);
	return exception_is(c, at, conversation) && id <= c->exceptions[at].id;
}

int64_t
cursor_horizon(const struct cursor *c)
{
	return c->pass.end > c->base ? c->pass.end : c->base;
}

int64_t
cursor_reach(const struct cursor *c)
{
	int64_t reach = cursor_horizon(c);

	if (c->dropped >= reach)
		reach = c->dropped + 1;
	if (c->reads_count && c->reads[c->reads_count - 1].id >= reach)
		reach = c->reads[c->reads_count - 1].id + 1;
	return reach;
}

static void
exception_drop_smallest(struct cursor *c)
{
	int smallest = 0;

	for (int i = 1; i < c->count; i++)
		if (c->exceptions[i].id < c->exceptions[smallest].id)
			smallest = i;
	if (c->exceptions[smallest].id > c->dropped)
		c->dropped = c->exceptions[smallest].id;
	c->count--;
	memmove(&c->exceptions[smallest], &c->exceptions[smallest + 1], (size_t)(c->count - smallest) * sizeof c->exceptions[0]);
}

void
cursor_fit(struct cursor *c, int more)
{
	while (c->count + more > cursor_exceptions_room(c->reads_count))
		exception_drop_smallest(c);
}

static bool
exceptions_are_full(const struct cursor *c)
{
	return c->count >= cursor_exceptions_room(c->reads_count);
}

void
cursor_advance(struct cursor *c, int64_t conversation, int64_t id)
{
	if (is_below(c, conversation, id))
		return;
	int at = exception_find(c, conversation);
	if (exception_is(c, at, conversation)) {
		if (id > c->exceptions[at].id)
			c->exceptions[at].id = id;
		return;
	}
	if (exceptions_are_full(c)) {
		cursor_fit(c, 1);
		at = exception_find(c, conversation);
	}
	memmove(&c->exceptions[at + 1], &c->exceptions[at], (size_t)(c->count - at) * sizeof c->exceptions[0]);
	c->exceptions[at] = (struct cursor_exception){ conversation, id };
	c->count++;
}

/* Adds a read in place of the reads and exceptions before it. Of later reads it keeps the last. */
static void
read_begin(struct cursor *c, int64_t conversation, int64_t id, const struct cursor_snapshot *snapshot)
{
	struct cursor_read place = { id, conversation, *snapshot };
	int kept = 0;

	if (c->reads_count && cursor_read_is_before(&place, c->reads[c->reads_count - 1].id, c->reads[c->reads_count - 1].conversation)) {
		c->reads[1] = c->reads[c->reads_count - 1];
		c->reads_count = 2;
	} else {
		c->reads_count = 1;
	}
	c->reads[0] = place;
	for (int i = 0; i < c->count; i++) {
		const struct cursor_exception *e = &c->exceptions[i];
		if (e->id > id || (e->id == id && e->conversation >= conversation))
			c->exceptions[kept++] = *e;
	}
	c->count = kept;
	cursor_fit(c, 0);
}

void
cursor_advance_read(struct cursor *c, int64_t conversation, int64_t id, const struct cursor_snapshot *snapshot)
{
	if (id >= c->base && exceptions_are_full(c) && !exception_is(c, exception_find(c, conversation), conversation))
		read_begin(c, conversation, id, snapshot);
	cursor_advance(c, conversation, id);
}

/* Drops the exceptions that the base or the pass covers. */
static void
exceptions_trim(struct cursor *c)
{
	int kept = 0;

	for (int i = 0; i < c->count; i++)
		if (!is_below(c, c->exceptions[i].conversation, c->exceptions[i].id))
			c->exceptions[kept++] = c->exceptions[i];
	c->count = kept;
}

void
cursor_advance_pass(struct cursor *c, int64_t conversation, int64_t id, int64_t end)
{
	if (id >= end || end <= c->base) {
		cursor_advance(c, conversation, id);
		return;
	}
	c->pass = (struct cursor_pass){ end, conversation, id };
	exceptions_trim(c);
}

void
cursor_rebase(struct cursor *c, int64_t base)
{
	int kept = 0;

	if (base <= c->base)
		return;
	c->base = base;
	if (c->pass.end <= base)
		c->pass = (struct cursor_pass){ 0 };
	exceptions_trim(c);
	for (int i = 0; i < c->reads_count; i++)
		if (c->reads[i].id >= base)
			c->reads[kept++] = c->reads[i];
	c->reads_count = kept;
	if (c->dropped < base)
		c->dropped = 0;
}
