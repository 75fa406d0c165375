/* SPDX-License-Identifier: MIT */
/*
 * Revoked devices: queries the database for new ones, and closes their streams within a second. A
 * notification from Redis is faster, but may be lost.
 */
#ifndef PUSH_REVOCATIONS_H
#define PUSH_REVOCATIONS_H

#include <stdint.h>

void revocations_open(void);
void revocations_close(void);

/* Closes the streams of a revoked device, and refuses its tokens from now on. */
void revocations_take(int64_t device);

#endif
