/* SPDX-License-Identifier: MIT */
/* Check of UTF-8 (RFC 3629), piece by piece, so that a character may lie across a cut. */
#ifndef PUSH_UTF8_H
#define PUSH_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum {
	UTF8_WHOLE = 0, /* between two characters: a text starts here, and must end here */
	/* final: the text is invalid; states between these two are inside a character */
	UTF8_BAD = 8,
};

/*
 * Returns the state after n more bytes. UTF8_BAD comes as soon as no valid text can begin like
 * this.
 */
uint8_t utf8_next(uint8_t state, const uint8_t *bytes, size_t n);

#endif
