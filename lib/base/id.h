/* SPDX-License-Identifier: MIT */
/*
 * Ids of 64 bits: milliseconds since 2024-01-01 in the high 42 bits, decimal strings in JSON.
 */
#ifndef LIB_ID_H
#define LIB_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ID_TEXT_BYTES = 20 };

/*
 * Parses a whole text of n bytes as an id: 1 to 19 digits, no sign, no leading zero, 1 … 2^63-1.
 * Returns false for any other text.
 */
bool id_parse(const char *text, size_t n, int64_t *id) __attribute__((warn_unused_result));

/*
 * Writes an id, or another number that is not negative, in decimal with a NUL. Returns the length.
 */
size_t id_text(int64_t id, char out[ID_TEXT_BYTES]);

#endif
