/* SPDX-License-Identifier: MIT */
/* Hashes of numbers, for tables and slices. They keep no client from choosing equal ones. */
#ifndef LIB_HASH_H
#define LIB_HASH_H

#include <stdint.h>

/* Spreads a number. Its upper bits depend on all bits of the number. */
static inline uint64_t
hash_number(uint64_t x)
{
	return x * UINT64_C(0x9e3779b97f4a7c15);
}

/* Mixes a number, so that each bit depends on all bits of the number. */
static inline uint64_t
hash_mix(uint64_t x)
{
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

#endif
