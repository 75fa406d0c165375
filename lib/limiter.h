/* SPDX-License-Identifier: MIT */
/*
 * Rate limits: so many requests a minute for each user (or address) and class, all of them at once if need be. All workers count together,
 * in memory that the supervisor makes and hands on; a restart of a worker forgives nothing.
 */
#ifndef LIB_LIMITER_H
#define LIB_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

enum rate_class { RATE_NONE, RATE_LOGIN, RATE_READ, RATE_WRITE, RATE_SEND, RATES };

struct allowance {
	bool allowed;
	long limit;	    /* per minute; 0: there is none */
	long remaining;	    /* now */
	long reset_seconds; /* until all are there again */
	long retry_seconds; /* when refused: until one is there again */
};

/* Makes the shared memory; its descriptor is for limiter_open in every worker. */
int limiter_make(void);
void limiter_open(int fd);

/* Counts one request of whom, a user's id or limiter_address. */
struct allowance limiter_take(enum rate_class class, uint64_t whom, int64_t now_us);

/* An address as a number. */
uint64_t limiter_address(const char *address);

#endif
