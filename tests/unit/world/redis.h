/* SPDX-License-Identifier: MIT */
/*
 * A fake Redis for unit tests of push: it defines the functions of push/links/redis.h.
 *
 * A subscription counts from the time at which the test confirms it. A notification that is
 * published before is lost, as with the real one.
 */
#ifndef TESTS_WORLD_REDIS_H
#define TESTS_WORLD_REDIS_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/unit/world/database.h"

/* Confirms no further subscription until fake_redis_confirm. */
void fake_redis_reset(void);

/* Confirms all subscriptions. */
void fake_redis_confirm(void);

/* Ends Redis: it confirms nothing, and no stream waits for it. Or begins it again. */
void fake_redis_is_up(bool is_up);

/* Publishes an event. Also notifies the streams of a user whom it added. */
void fake_redis_publish(const struct stored *e);

/* Answers the commands that wait: none has a value. */
void fake_redis_turn_end(void);

#endif
