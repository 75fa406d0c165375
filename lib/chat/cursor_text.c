/* SPDX-License-Identifier: MIT */
/* The text of a cursor: cursor.h has its numbers, and cursor.c the invariants that it keeps. */
#include <sodium.h>
#include <assert.h>
#include <string.h>

#include "lib/chat/cursor.h"

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

int
cursor_exceptions_room(int reads)
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
get_reads(struct raw *raw, struct cursor *out)
{
	int64_t count, above;

	if (!get_below(raw, CURSOR_READS, &count) || out->count > cursor_exceptions_room((int)count))
		return false;
	out->reads_count = (int)count;
	for (int i = 0; i < count; i++) {
		struct cursor_read *r = &out->reads[i];
		if (!get_varint(raw, &above) || above >= INT64_MAX - out->base || !get_varint(raw, &r->conversation) ||
		    !get_snapshot(raw, &r->snapshot))
			return false;
		r->id = out->base + above;
		if (i && !cursor_read_is_before(r - 1, r->id, r->conversation))
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
	cursor_fit(out, 0);
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
