/* SPDX-License-Identifier: MIT */
/*
 * The cursor's text and its arithmetic.
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
 * 5. The exceptions fit into the text beside the reads and a pass (exceptions_room). So every
 *    cursor can be written in LIMIT_CURSOR_BYTES.
 * 6. An exception that does not fit is dropped, the smallest id first. The field dropped holds the
 *    greatest of these ids until the base is above it.
 * 7. A cursor has one text in version 2: varints have their shortest form, and the text is ASCII.
 * 8. The ids of exceptions, reads and dropped are below INT64_MAX, so the next id is a number too.
 *
 * cursor_parse accepts only texts whose cursors hold 2 to 5, 7 and 8. It drops exceptions of
 * version 1 that do not fit. Every other function keeps all eight.
 */
#include "lib/chat/cursor.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	VERSION = 2,
	VERSION_BEFORE = 1,
	VARINT_BYTES = 9, /* 63 bits */
	SHORT_BYTES = 5,  /* 32 bits */
	RAW_BYTES = LIMIT_CURSOR_BYTES * 6 / 8,
};

/*
 * The most bytes of a pass, of a cursor without exceptions and reads, of an exception, and of a
 * read.
 */
enum {
	PASS_BYTES = 3 * VARINT_BYTES,
	HEAD_BYTES = 1 + SHORT_BYTES + VARINT_BYTES + 1 + 1 + VARINT_BYTES + PASS_BYTES,
	EXCEPTION_BYTES = 2 * VARINT_BYTES,
	READ_BYTES = 3 * VARINT_BYTES + SHORT_BYTES + 1 + CURSOR_RUNNING * SHORT_BYTES,
};

/* Returns how many exceptions always fit beside some reads and a pass. */
static int
exceptions_room(int reads)
{
	return (RAW_BYTES - HEAD_BYTES - reads * READ_BYTES) / EXCEPTION_BYTES;
}

static_assert((RAW_BYTES - HEAD_BYTES) / EXCEPTION_BYTES <= CURSOR_EXCEPTIONS, "what fits into the text fits into the struct");
static_assert((RAW_BYTES - HEAD_BYTES - CURSOR_READS * READ_BYTES) / EXCEPTION_BYTES >= 16, "places leave room for exceptions");

struct raw {
	unsigned char bytes[RAW_BYTES];
	size_t len, at;
};

static void
put_varint(struct raw *raw, uint64_t value)
{
	do {
		unsigned char low = value & 0x7f;
		value >>= 7;
		raw->bytes[raw->len++] = (unsigned char)(low | (value ? 0x80 : 0));
	} while (value);
}

/* Reads a varint of at most 63 bits. Accepts its shortest form only. */
static bool
get_varint(struct raw *raw, int64_t *out)
{
	uint64_t value = 0;

	for (int i = 0; i < VARINT_BYTES; i++) {
		if (raw->at >= raw->len)
			return false;
		unsigned char byte = raw->bytes[raw->at++];
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80)) {
			*out = (int64_t)value;
			return byte != 0 || i == 0;
		}
	}
	return false;
}

static bool
get_exceptions(struct raw *raw, struct cursor *out)
{
	int64_t before = 0, step, above;

	for (int i = 0; i < out->count; i++) {
		if (!get_varint(raw, &step) || !get_varint(raw, &above))
			return false;
		if (step == 0 || step > INT64_MAX - before || above >= INT64_MAX - out->base)
			return false;
		if (out->base + above == 0)
			return false; /* no event has this id */
		before += step;
		out->exceptions[i] = (struct cursor_exception){ before, out->base + above };
	}
	return true;
}

/* Returns whether the text is ASCII. libsodium accepts other letters too: a second spelling. */
static bool
text_is_ascii(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

static bool
get_below(struct raw *raw, int64_t most, int64_t *out)
{
	return get_varint(raw, out) && *out <= most;
}

static bool
get_snapshot(struct raw *raw, struct cursor_snapshot *out)
{
	int64_t span, count, step, at = 0;

	if (!get_varint(raw, &out->xmin) || !get_below(raw, UINT32_MAX, &span) || !get_below(raw, CURSOR_RUNNING, &count))
		return false;
	if (span > INT64_MAX - out->xmin)
		return false;
	out->xmax = out->xmin + span;
	/* PostgreSQL refuses a transaction whose lower half is 0 */
	if (!(uint32_t)out->xmin || !(uint32_t)out->xmax)
		return false;
	out->count = (int)count;
	for (int i = 0; i < count; i++) {
		if (!get_below(raw, UINT32_MAX, &step) || (i && !step) || at + step >= span)
			return false;
		at += step;
		out->running[i] = (uint32_t)at;
	}
	return true;
}

static bool
read_is_before(const struct cursor_read *r, int64_t id, int64_t conversation)
{
	return r->id < id || (r->id == id && r->conversation < conversation);
}

static bool
get_reads(struct raw *raw, struct cursor *out)
{
	int64_t count, above;

	if (!get_below(raw, CURSOR_READS, &count) || out->count > exceptions_room((int)count))
		return false;
	out->reads_count = (int)count;
	for (int i = 0; i < count; i++) {
		struct cursor_read *r = &out->reads[i];
		if (!get_varint(raw, &above) || above >= INT64_MAX - out->base || !get_varint(raw, &r->conversation) ||
		    !get_snapshot(raw, &r->snapshot))
			return false;
		r->id = out->base + above;
		if (i && !read_is_before(r - 1, r->id, r->conversation))
			return false;
	}
	return true;
}

static bool
get_dropped(struct raw *raw, struct cursor *out)
{
	int64_t above;

	if (!get_varint(raw, &above) || above > INT64_MAX - out->base)
		return false;
	out->dropped = above ? out->base + above - 1 : 0;
	return !above || out->dropped > 0;
}

/* Reads the pass. A cursor without a pass has no bytes for it. */
static bool
get_pass(struct raw *raw, struct cursor *out)
{
	int64_t span, below;

	out->pass = (struct cursor_pass){ 0 };
	if (raw->at == raw->len)
		return true;
	if (!get_varint(raw, &span) || span == 0 || span > INT64_MAX - out->base || !get_varint(raw, &out->pass.conversation) ||
	    !get_varint(raw, &below))
		return false;
	out->pass.end = out->base + span;
	out->pass.id = out->pass.end - below;
	return below > 0 && out->pass.id >= 0;
}

static bool
get_rest(struct raw *raw, struct cursor *out)
{
	return get_reads(raw, out) && get_dropped(raw, out) && get_pass(raw, out);
}

static void exceptions_fit(struct cursor *c, int room);

bool
cursor_parse(const char *text, size_t n, struct cursor *out)
{
	struct raw raw = { .at = 1 };
	const char *end;
	int64_t count;

	if (n > LIMIT_CURSOR_BYTES || !text_is_ascii(text, n))
		return false;
	if (sodium_base642bin(raw.bytes, sizeof raw.bytes, text, n, NULL, &raw.len, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return false;
	if (end != text + n || raw.len < 1 || (raw.bytes[0] != VERSION && raw.bytes[0] != VERSION_BEFORE))
		return false;
	bool is_before = raw.bytes[0] == VERSION_BEFORE;
	out->incarnation = out->dropped = out->reads_count = 0;
	out->pass = (struct cursor_pass){ 0 };
	if (!is_before && !get_below(&raw, UINT32_MAX, &out->incarnation))
		return false;
	if (!get_varint(&raw, &out->base) || !get_below(&raw, CURSOR_EXCEPTIONS, &count))
		return false;
	out->count = (int)count;
	if (!get_exceptions(&raw, out) || (!is_before && !get_rest(&raw, out)) || raw.at != raw.len)
		return false;
	exceptions_fit(out, exceptions_room(out->reads_count));
	return true;
}

static void
put_read(struct raw *raw, const struct cursor_read *r, int64_t base)
{
	const struct cursor_snapshot *s = &r->snapshot;
	uint32_t before = 0;

	put_varint(raw, (uint64_t)(r->id - base));
	put_varint(raw, (uint64_t)r->conversation);
	put_varint(raw, (uint64_t)s->xmin);
	put_varint(raw, (uint64_t)(s->xmax - s->xmin));
	put_varint(raw, (uint64_t)s->count);
	for (int i = 0; i < s->count; i++) {
		put_varint(raw, s->running[i] - before);
		before = s->running[i];
	}
}

size_t
cursor_text(const struct cursor *c, char out[LIMIT_CURSOR_BYTES + 1])
{
	struct raw raw = { .len = 0 };
	int64_t before = 0;

	put_varint(&raw, VERSION);
	put_varint(&raw, (uint64_t)c->incarnation);
	put_varint(&raw, (uint64_t)c->base);
	put_varint(&raw, (uint64_t)c->count);
	for (int i = 0; i < c->count; i++) {
		put_varint(&raw, (uint64_t)(c->exceptions[i].conversation - before));
		put_varint(&raw, (uint64_t)(c->exceptions[i].id - c->base));
		before = c->exceptions[i].conversation;
	}
	put_varint(&raw, (uint64_t)c->reads_count);
	for (int i = 0; i < c->reads_count; i++)
		put_read(&raw, &c->reads[i], c->base);
	put_varint(&raw, c->dropped ? (uint64_t)(c->dropped - c->base) + 1 : 0);
	if (c->pass.end) {
		put_varint(&raw, (uint64_t)(c->pass.end - c->base));
		put_varint(&raw, (uint64_t)c->pass.conversation);
		put_varint(&raw, (uint64_t)(c->pass.end - c->pass.id));
	}
	sodium_bin2base64(out, LIMIT_CURSOR_BYTES + 1, raw.bytes, raw.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return strlen(out);
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

static void
exceptions_fit(struct cursor *c, int room)
{
	while (c->count > room)
		exception_drop_smallest(c);
}

static bool
exceptions_are_full(const struct cursor *c)
{
	return c->count >= exceptions_room(c->reads_count);
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
		exceptions_fit(c, exceptions_room(c->reads_count) - 1);
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

	if (c->reads_count && read_is_before(&place, c->reads[c->reads_count - 1].id, c->reads[c->reads_count - 1].conversation)) {
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
	exceptions_fit(c, exceptions_room(c->reads_count));
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

/* ---- snapshots */

/* Counts the transactions from this one on as not ended. */
static bool
snapshot_cut(struct cursor_snapshot *s, int64_t at)
{
	s->xmax = at;
	return true;
}

bool
cursor_snapshot_parse(const char *text, struct cursor_snapshot *out)
{
	char *at;

	*out = (struct cursor_snapshot){ .xmin = strtoll(text, &at, 10) };
	if (at == text || *at != ':' || out->xmin < 0)
		return false;
	out->xmax = strtoll(at + 1, &at, 10);
	if (*at != ':' || out->xmax < out->xmin)
		return false;
	if (out->xmax - out->xmin > UINT32_MAX)
		snapshot_cut(out, out->xmin + UINT32_MAX);
	while (at[1]) {
		const char *from = at + 1;
		int64_t xid = strtoll(from, &at, 10);
		if (at == from || (*at && *at != ',') || xid < out->xmin)
			return false;
		if (xid >= out->xmax)
			return true;
		if (out->count == CURSOR_RUNNING)
			return snapshot_cut(out, xid);
		out->running[out->count++] = (uint32_t)(xid - out->xmin);
		if (!*at)
			break;
	}
	return true;
}

void
cursor_snapshot_text(const struct cursor_snapshot *s, char out[CURSOR_SNAPSHOT_BYTES])
{
	int n = snprintf(out, CURSOR_SNAPSHOT_BYTES, "%ld:%ld:", (long)s->xmin, (long)s->xmax);

	for (int i = 0; i < s->count; i++)
		n += snprintf(out + n, (size_t)(CURSOR_SNAPSHOT_BYTES - n), "%s%ld", i ? "," : "", (long)(s->xmin + s->running[i]));
}
