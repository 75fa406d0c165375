/* SPDX-License-Identifier: MIT */
/* The cursor's text and its arithmetic. */
#include "cursor.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

enum {
	VERSION = 1,
	VARINT_BYTES = 9, /* 63 bits */
	RAW_BYTES = LIMIT_CURSOR_BYTES * 6 / 8,
};

static_assert(1 + VARINT_BYTES + 1 + CURSOR_EXCEPTIONS * 2 * VARINT_BYTES <= RAW_BYTES, "a full cursor fits");

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

/* The one shortest form only; at most 63 bits. */
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
		if (step == 0 || step > INT64_MAX - before || above > INT64_MAX - out->base)
			return false;
		before += step;
		out->exceptions[i] = (struct cursor_exception){ before, out->base + above };
	}
	return true;
}

/* libsodium reads some bytes above ASCII as letters of its alphabet, so that there would be a second way to write a cursor. */
static bool
text_is_ascii(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
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
	if (end != text + n || raw.len < 1 || raw.bytes[0] != VERSION)
		return false;
	if (!get_varint(&raw, &out->base) || !get_varint(&raw, &count) || count > CURSOR_EXCEPTIONS)
		return false;
	out->count = (int)count;
	return get_exceptions(&raw, out) && raw.at == raw.len;
}

size_t
cursor_text(int64_t base, const struct cursor_exception *exceptions, int count, char out[LIMIT_CURSOR_BYTES + 1])
{
	struct raw raw = { .len = 0 };
	int64_t before = 0;

	put_varint(&raw, VERSION);
	put_varint(&raw, (uint64_t)base);
	put_varint(&raw, (uint64_t)count);
	for (int i = 0; i < count; i++) {
		put_varint(&raw, (uint64_t)(exceptions[i].conversation - before));
		put_varint(&raw, (uint64_t)(exceptions[i].id - base));
		before = exceptions[i].conversation;
	}
	sodium_bin2base64(out, LIMIT_CURSOR_BYTES + 1, raw.bytes, raw.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return strlen(out);
}

/* Where the conversation's exception is, or where it would be inserted. */
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

bool
cursor_covers(const struct cursor *c, int64_t conversation, int64_t id)
{
	if (id < c->base)
		return true;
	int at = exception_find(c, conversation);
	return exception_is(c, at, conversation) && id <= c->exceptions[at].id;
}

static void
exception_drop_smallest(struct cursor *c)
{
	int smallest = 0;

	for (int i = 1; i < c->count; i++)
		if (c->exceptions[i].id < c->exceptions[smallest].id)
			smallest = i;
	c->count--;
	memmove(&c->exceptions[smallest], &c->exceptions[smallest + 1], (size_t)(c->count - smallest) * sizeof c->exceptions[0]);
}

void
cursor_advance(struct cursor *c, int64_t conversation, int64_t id)
{
	if (id < c->base)
		return;
	int at = exception_find(c, conversation);
	if (exception_is(c, at, conversation)) {
		if (id > c->exceptions[at].id)
			c->exceptions[at].id = id;
		return;
	}
	if (c->count == CURSOR_EXCEPTIONS) {
		exception_drop_smallest(c);
		at = exception_find(c, conversation);
	}
	memmove(&c->exceptions[at + 1], &c->exceptions[at], (size_t)(c->count - at) * sizeof c->exceptions[0]);
	c->exceptions[at] = (struct cursor_exception){ conversation, id };
	c->count++;
}

void
cursor_rebase(struct cursor *c, int64_t base)
{
	int kept = 0;

	if (base <= c->base)
		return;
	c->base = base;
	for (int i = 0; i < c->count; i++)
		if (c->exceptions[i].id >= base)
			c->exceptions[kept++] = c->exceptions[i];
	c->count = kept;
}
