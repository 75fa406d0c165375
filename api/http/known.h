/* SPDX-License-Identifier: MIT */
/*
 * The devices that the database knows. A validly signed token may name a device that does not
 * exist: after a restore, or with a stolen key. The first request of a device in a worker queries
 * the database. The result is valid for KNOWN_SECONDS, so later requests need no query.
 * lib/auth/revoked.h finds devices that are signed out meanwhile.
 */
#ifndef API_KNOWN_H
#define API_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "api/http/reply.h"

enum { KNOWN_SECONDS = 5 * 60, KNOWN_DEVICES = 32768 };

/* Makes the table. Called once, before threads start. */
void known_open(void);

/*
 * Checks that r->device is a signed-in device of r->user. Returns false when it has replied: 401,
 * or 503 when the database does not answer.
 */
bool known_device(struct request *r) __attribute__((warn_unused_result));

/* Returns whether the table has this device of this user. Thread-safe. */
bool known_recall(int64_t user, int64_t device, int64_t now_ms);

/* Stores for KNOWN_SECONDS that this device belongs to this user. Thread-safe. */
void known_remember(int64_t user, int64_t device, int64_t now_ms);

#endif
