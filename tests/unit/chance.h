/* SPDX-License-Identifier: MIT */
/* Random numbers that can be had again: the seed is printed, and BANTER_SEED=N repeats a run. */
#ifndef TESTS_CHANCE_H
#define TESTS_CHANCE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* splitmix64 */
static inline uint64_t
chance(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 … below - 1 */
static inline size_t
chance_below(uint64_t *state, size_t below)
{
	return (size_t)(chance(state) % below);
}

static inline uint64_t
chance_seed(void)
{
	const char *given = getenv("BANTER_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);

	printf("# seed %llu (BANTER_SEED)\n", (unsigned long long)seed);
	return seed;
}

#endif
