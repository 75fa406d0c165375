/* SPDX-License-Identifier: MIT */
/* The random source of both programs. */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fills n bytes with random ones, which are good enough for keys. */
void random_bytes(void *out, size_t n);

/* Returns a random number below a limit, to spread clients in time. */
uint32_t random_below(uint32_t below);

#endif
