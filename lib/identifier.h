/* SPDX-License-Identifier: MIT */
/*
 * Ids of 64 bits: milliseconds since 2024-01-01 in the high 42 bits, decimal strings in JSON. And
 * times.
 */
#ifndef LIB_IDENTIFIER_H
#define LIB_IDENTIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IDENTIFIER_BYTES = 20, TIME_TEXT_BYTES = 25 };

/*
 * Parses a whole text of n bytes as an id: 1 to 19 digits, no sign, no leading zero, 1 … 2^63-1.
 * Returns false for any other text.
 */
bool identifier_parse(const char *text, size_t n, int64_t *id) __attribute__((warn_unused_result));

/*
 * Writes an id, or another number that is not negative, in decimal with a NUL. Returns the length.
 */
size_t identifier_text(int64_t id, char out[IDENTIFIER_BYTES]);

/*
 * Writes a time in RFC 3339, UTC, with milliseconds ("2026-11-24T03:21:06.123Z"): 24 bytes and a
 * NUL.
 */
void time_text(int64_t unix_ms, char out[TIME_TEXT_BYTES]);

/*
 * Return the time: in ms since 1970, for people; and on a clock that never goes back, for waiting.
 */
int64_t time_now_ms(void);
int64_t time_steady_ms(void);
int64_t time_steady_us(void);

#endif
