/* SPDX-License-Identifier: MIT */
/*
 * Rate limits: a number of requests per minute for each user or address and each class. All of them
 * may come at once. All workers count in shared memory that the supervisor makes. So a worker's
 * restart resets nothing.
 */
#ifndef LIB_LIMITER_H
#define LIB_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

enum rate_class { RATE_NONE, RATE_LOGIN, RATE_LOGIN_NAME, RATE_LOGIN_STRANGERS, RATE_REFRESH, RATE_READ, RATE_WRITE, RATE_SEND, RATE_MEMBERS, RATES };

struct allowance {
	bool allowed;
	long limit;	    /* 0: no limit */
	long remaining;	    /* now */
	long reset_seconds; /* until the whole allowance is available again */
	long retry_seconds; /* if refused: until one request is allowed again */
};

/* Makes the shared memory. Returns its descriptor, for limiter_open in every worker. */
int limiter_make(void);
void limiter_open(int fd);

/* Counts one request. whom: a user's id or an address's number (lib/auth/address.h). */
struct allowance limiter_take(enum rate_class class, uint64_t whom, int64_t now_us);

/*
 * Counts several requests at once, all or none. An amount above the limit counts as the whole
 * limit.
 */
struct allowance limiter_take_many(enum rate_class class, uint64_t whom, long amount, int64_t now_us);

#endif
