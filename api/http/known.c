/* SPDX-License-Identifier: MIT */
/*
 * A table of fixed size, made of sets of a few places. In a full set a new device replaces the
 * device that expires first.
 */
#include "api/http/known.h"

#include <pthread.h>
#include <stdint.h>

#include "api/http/db_call.h"
#include "lib/base/clock.h"
#include "lib/base/hash.h"

enum { STRIPES = 64, WAYS = 4, SETS = KNOWN_DEVICES / WAYS }; /* 768 KiB */

struct known {
	int64_t user, device;
	int64_t until_ms; /* 0: the place is free */
};

static struct known sets[SETS][WAYS];
/* each guards the sets whose number modulo STRIPES is its own */
static pthread_mutex_t locks[STRIPES];

void
known_open(void)
{
	for (int i = 0; i < STRIPES; i++)
		pthread_mutex_init(&locks[i], NULL);
}

/*
 * Returns the set of a device. Multiplication mixes all bits, because ids differ most in their
 * middle bits.
 */
static unsigned
set_of(int64_t device)
{
	return (unsigned)(hash_number((uint64_t)device) >> 40) % SETS;
}

bool
known_recall(int64_t user, int64_t device, int64_t now_ms)
{
	unsigned set = set_of(device);
	bool found = false;

	pthread_mutex_lock(&locks[set % STRIPES]);
	for (const struct known *k = sets[set]; k < sets[set] + WAYS; k++)
		if (k->device == device && k->user == user && k->until_ms > now_ms)
			found = true;
	pthread_mutex_unlock(&locks[set % STRIPES]);
	return found;
}

void
known_remember(int64_t user, int64_t device, int64_t now_ms)
{
	unsigned set = set_of(device);

	pthread_mutex_lock(&locks[set % STRIPES]);
	struct known *place = sets[set];
	for (struct known *k = sets[set]; k < sets[set] + WAYS; k++) {
		if (k->device == device) {
			place = k;
			break;
		}
		if (k->until_ms < place->until_ms)
			place = k;
	}
	*place = (struct known){ user, device, now_ms + KNOWN_SECONDS * 1000 };
	pthread_mutex_unlock(&locks[set % STRIPES]);
}

bool
known_device(struct request *r)
{
	int64_t now = clock_ms();

	if (known_recall(r->user, r->device, now))
		return true;
	struct rows *rows = db_call(r, STATEMENT_DEVICE_KNOWN, param_id(r->user), param_id(r->device));
	if (!rows)
		return false;
	if (!rows_number(rows, 0, 0)) {
		reply_error(r, ERROR_DEVICE_REVOKED);
		return false;
	}
	known_remember(r->user, r->device, now);
	return true;
}
