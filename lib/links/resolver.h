/* SPDX-License-Identifier: MIT */
/*
 * Lookup of host names without blocking. Each lookup has a thread of its own, at most one for each
 * name, and its result is kept. A resolver that does not answer delays a caller by
 * RESOLVER_PATIENCE_MS. Then the last known addresses are used, if there are any. All functions are
 * thread-safe.
 */
#ifndef LIB_RESOLVER_H
#define LIB_RESOLVER_H

#include <stdint.h>

enum {
	RESOLVER_ADDRESSES = 8, /* of one name; further ones are ignored */
	RESOLVER_ADDRESS_BYTES = 64,
	RESOLVER_HOST_BYTES = 256,
	RESOLVER_PATIENCE_MS = 1000,
	RESOLVER_POLL_MS = 20, /* between calls of resolver_find for a pending name */
};

struct resolved {
	int count;
	/* numeric: 192.0.2.1, 2001:db8::1, fe80::1%eth0 */
	char addresses[RESOLVER_ADDRESSES][RESOLVER_ADDRESS_BYTES];
};

enum resolver_state { RESOLVER_FOUND, RESOLVER_PENDING, RESOLVER_FAILED };

/*
 * Finds the addresses of a host without blocking. A numeric address is its own result. PENDING:
 * call again in RESOLVER_POLL_MS.
 */
enum resolver_state resolver_find(const char *host, struct resolved *out) __attribute__((warn_unused_result));

/* Finds them and waits, up to the deadline (monotonic clock, ms), instead of returning PENDING. */
enum resolver_state resolver_wait(const char *host, int64_t deadline_ms, struct resolved *out) __attribute__((warn_unused_result));

#endif
