/* SPDX-License-Identifier: MIT */
/* Is it UTF-8 (RFC 3629)? Told piece by piece, so that a character may lie across a cut. */
#ifndef PUSH_UTF8_H
#define PUSH_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum {
	UTF8_WHOLE = 0, /* between two characters: where a text starts, and where it must end */
	UTF8_BAD = 8,	/* no way back; what lies between these two is inside a character */
};

/* The state after n more bytes; UTF8_BAD as soon as no text can go on like this. */
uint8_t utf8_next(uint8_t state, const uint8_t *bytes, size_t n);

#endif
