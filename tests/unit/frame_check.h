/* SPDX-License-Identifier: MIT */
/* The check of what the frame reader makes of a stream of bytes, however it is cut. */
#ifndef TESTS_FRAME_CHECK_H
#define TESTS_FRAME_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client_frame.h"
#include "transcript.h"

enum { LIMIT = 1000, ROUNDS = 40 };

static uint64_t seed;

/* Checks the transcript of the stream in every way of cutting it. */
static inline void
expect_transcript(const uint8_t *bytes, size_t n, size_t limit, const char *expected, size_t expected_len)
{
	for (int round = 0; round < ROUNDS; round++) {
		size_t largest = round < 2 ? (size_t)round : 1 + chance_below(&seed, n + 1), text_len;
		char *text = transcript_of(bytes, n, limit, largest, &seed, &text_len);

		if (text_len != expected_len || memcmp(text, expected, expected_len) != 0)
			fail_msg("in chunks of up to %zu bytes (0: whole):\n%s instead of:\n%s", largest, text, expected);
		free(text);
	}
}

#endif
