/* SPDX-License-Identifier: MIT */
/* Random bytes and numbers, from the system by libsodium. */
#include "lib/base/random.h"

#include <sodium.h>

enum { NUMBERS = 64 }; /* numbers that are taken from the system at once */

void
random_bytes(void *out, size_t n)
{
	randombytes_buf(out, n);
}

uint32_t
random_below(uint32_t below)
{
	static _Thread_local uint32_t numbers[NUMBERS];
	static _Thread_local size_t left;

	if (left == 0) {
		random_bytes(numbers, sizeof numbers);
		left = NUMBERS;
	}
	return (uint32_t)((uint64_t)numbers[--left] * below >> 32);
}
