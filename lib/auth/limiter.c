/* SPDX-License-Identifier: MIT */
/*
 * Rate limits by GCRA. Each counted user or address has one number: the time at which its whole
 * allowance is available again.
 */
#include "lib/auth/limiter.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/settings.h"
#include "lib/process/shared.h"

enum { STRIPES = 64, SETS = 8192, WAYS = 8 }; /* 65,536 users and addresses at a time, 1 MiB */

static const int64_t minute_ns = INT64_C(60000000000);

struct counted {
	uint64_t key;
	int64_t full_ns; /* if it is past, the whole allowance is available and the place is free */
};

struct limiter {
	/* each guards the sets whose number modulo STRIPES is its own */
	pthread_mutex_t locks[STRIPES];
	struct counted sets[SETS][WAYS];
};

static struct limiter *limiter;

static const long *const limits[RATES] = {
	[RATE_LOGIN] = &settings.rate_login,
	[RATE_LOGIN_NAME] = &settings.rate_login_name,
	[RATE_LOGIN_STRANGERS] = &settings.rate_login_strangers,
	[RATE_REFRESH] = &settings.rate_refresh,
	[RATE_READ] = &settings.rate_read,
	[RATE_WRITE] = &settings.rate_write,
	[RATE_SEND] = &settings.rate_send,
	[RATE_MEMBERS] = &settings.rate_members,
};

static struct limiter *
limiter_map(int fd)
{
	size_t bytes;
	struct limiter *l = shared_open(fd, &bytes);

	if (l && bytes == sizeof *l)
		return l;
	log_line(LOG_ERROR, "limiter_failed", "why=%s", l ? "the supervisor is of another version" : strerror(errno));
	exit(71);
}

int
limiter_make(void)
{
	int fd = shared_make("banter-limiter", sizeof(struct limiter));
	struct limiter *l = limiter_map(fd);
	pthread_mutexattr_t shared;

	pthread_mutexattr_init(&shared);
	pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&shared, PTHREAD_MUTEX_ROBUST);
	for (int i = 0; i < STRIPES; i++)
		pthread_mutex_init(&l->locks[i], &shared);
	pthread_mutexattr_destroy(&shared);
	munmap(l, sizeof *l);
	return fd;
}

void
limiter_open(int fd)
{
	limiter = limiter_map(fd);
}

/*
 * Returns the place of a key in its set. A new key replaces the key whose allowance is complete
 * first.
 */
static struct counted *
counted_find(struct counted *set, uint64_t key)
{
	struct counted *free_one = set;

	for (struct counted *c = set; c < set + WAYS; c++) {
		if (c->key == key)
			return c;
		if (c->full_ns < free_one->full_ns)
			free_one = c;
	}
	*free_one = (struct counted){ .key = key };
	return free_one;
}

/* Counts an amount against a limit per minute. All of the limit may come at once. */
static struct allowance
counted_take(struct counted *c, long limit, long amount, int64_t now_ns)
{
	int64_t cost = minute_ns / limit;
	int64_t full = (c->full_ns > now_ns ? c->full_ns : now_ns) + cost * (amount < limit ? amount : limit);
	struct allowance a = { .allowed = full - now_ns <= minute_ns, .limit = limit };

	if (a.allowed)
		c->full_ns = full;
	else
		a.retry_seconds = (full - minute_ns - now_ns + 999999999) / 1000000000;
	int64_t used = c->full_ns > now_ns ? c->full_ns - now_ns : 0;
	a.remaining = (minute_ns - used) / cost;
	a.reset_seconds = (used + 999999999) / 1000000000;
	return a;
}

/* Takes a lock. If its owner died, at most one number is wrong by one count. */
static void
stripe_lock(pthread_mutex_t *lock)
{
	if (pthread_mutex_lock(lock) == EOWNERDEAD)
		pthread_mutex_consistent(lock);
}

struct allowance
limiter_take(enum rate_class class, uint64_t whom, int64_t now_us)
{
	return limiter_take_many(class, whom, 1, now_us);
}

struct allowance
limiter_take_many(enum rate_class class, uint64_t whom, long amount, int64_t now_us)
{
	long limit = limits[class] ? *limits[class] : 0;
	if (limit == 0)
		return (struct allowance){ .allowed = true };

	uint64_t key = hash_mix(hash_mix(whom) + class);
	uint64_t set = key % SETS;
	pthread_mutex_t *lock = &limiter->locks[set % STRIPES];
	stripe_lock(lock);
	struct allowance a = counted_take(counted_find(limiter->sets[set], key), limit, amount, now_us * 1000);
	pthread_mutex_unlock(lock);
	return a;
}
