/* SPDX-License-Identifier: MIT */
/*
 * The devices that were revoked within the life of an access token. Their tokens still have valid
 * signatures and must be refused. Each process queries the database once a second
 * (devices_revoked). So a revocation holds everywhere within a second, even without Redis, and
 * costs requests nothing.
 */
#ifndef LIB_REVOKED_H
#define LIB_REVOKED_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Returns how long a revoked device is kept: the life of an access token and CLOCKS_DIFFER_MS, the
 * tolerance between the clocks of hosts.
 */
enum { CLOCKS_DIFFER_MS = 10 * 60 * 1000 };
int64_t revoked_keep_ms(void);

/*
 * Adds a device, and removes devices older than keep_ms. now_ms is on the monotonic clock.
 * Thread-safe.
 */
void revoked_add(int64_t device, int64_t now_ms, int64_t keep_ms);

/* Returns whether a device is revoked. Thread-safe. */
bool revoked_is(int64_t device);

#endif
