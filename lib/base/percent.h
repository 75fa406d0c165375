/* SPDX-License-Identifier: MIT */
/* Percent-encoded text, as in URLs. */
#ifndef LIB_PERCENT_H
#define LIB_PERCENT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Decodes n bytes of text to out, which has room for `room` bytes with the NUL. plus: a + is a
 * blank, as in a query. Returns false for a bad encoding, a NUL, or a text that is too long.
 */
bool percent_decode(const char *text, size_t n, bool plus, char *out, size_t room) __attribute__((warn_unused_result));

#endif
