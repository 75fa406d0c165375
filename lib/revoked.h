/* SPDX-License-Identifier: MIT */
/*
 * The devices revoked within the life of an access token: a token of theirs is still signed well, and must not count. Each process asks
 * the database once a second (devices_revoked), so a revocation holds everywhere within a second even when Redis is gone, and no request
 * pays for it.
 */
#ifndef LIB_REVOKED_H
#define LIB_REVOKED_H

#include <stdbool.h>
#include <stdint.h>

/* Notes a device; forgets those older than keep_ms on the way. now_ms is a steady clock. Thread-safe. */
void revoked_add(int64_t device, int64_t now_ms, int64_t keep_ms);

/* Is the device revoked? Thread-safe. */
bool revoked_is(int64_t device);

#endif
