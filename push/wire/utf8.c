/* SPDX-License-Identifier: MIT */
/* UTF-8 decoder with nine states. The state alone determines which bytes may follow. */
#include "push/wire/utf8.h"

#include <string.h>

enum {
	LAST = 1,   /* one more byte */
	LAST_TWO,   /* two more of any value */
	LAST_THREE, /* three more of any value */
	AFTER_E0,   /* two more, without overlong forms */
	AFTER_ED,   /* two more, without surrogates */
	AFTER_F0,   /* three more, without overlong forms */
	AFTER_F4,   /* three more, up to U+10FFFF */
};

/* clang-format off */
/* Inside a character: the bytes that may follow, and the next state. */
static const struct {
	uint8_t low, high, next;
} inside[] = {
	[LAST]       = { 0x80, 0xbf, UTF8_WHOLE },
	[LAST_TWO]   = { 0x80, 0xbf, LAST },
	[LAST_THREE] = { 0x80, 0xbf, LAST_TWO },
	[AFTER_E0]   = { 0xa0, 0xbf, LAST },
	[AFTER_ED]   = { 0x80, 0x9f, LAST },
	[AFTER_F0]   = { 0x90, 0xbf, LAST_TWO },
	[AFTER_F4]   = { 0x80, 0x8f, LAST_TWO },
};

/*
 * Between characters: the next state of each first byte from 0xc0 on. Lower bytes are ASCII, or
 * bytes that follow others.
 */
static const uint8_t first[64] = {
	[0x00 ... 0x01] = UTF8_BAD, /* c0, c1: overlong */
	[0x02 ... 0x1f] = LAST,
	[0x20]          = AFTER_E0,
	[0x21 ... 0x2c] = LAST_TWO,
	[0x2d]          = AFTER_ED,
	[0x2e ... 0x2f] = LAST_TWO,
	[0x30]          = AFTER_F0,
	[0x31 ... 0x33] = LAST_THREE,
	[0x34]          = AFTER_F4,
	[0x35 ... 0x3f] = UTF8_BAD, /* f5 and above: beyond U+10FFFF */
};
/* clang-format on */

static uint8_t
step(uint8_t state, uint8_t byte)
{
	if (state == UTF8_WHOLE)
		return byte < 0x80 ? UTF8_WHOLE : byte < 0xc0 ? UTF8_BAD : first[byte - 0xc0];
	return byte >= inside[state].low && byte <= inside[state].high ? inside[state].next : UTF8_BAD;
}

/* Returns the length of the ASCII text at the start, counted by eights. */
static size_t
ascii(const uint8_t *bytes, size_t n)
{
	size_t i = 0;
	uint64_t eight;

	for (; n - i >= sizeof eight; i += sizeof eight) {
		memcpy(&eight, bytes + i, sizeof eight);
		if (eight & UINT64_C(0x8080808080808080))
			break;
	}
	return i;
}

uint8_t
utf8_next(uint8_t state, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n && state != UTF8_BAD;) {
		if (state == UTF8_WHOLE && bytes[i] < 0x80) {
			size_t skip = ascii(bytes + i, n - i);
			i += skip ? skip : 1;
			continue;
		}
		state = step(state, bytes[i++]);
	}
	return state;
}
