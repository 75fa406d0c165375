/* SPDX-License-Identifier: MIT */
/*
 * The sweep: what the doorbell swallowed is found by comparing with the database, all of it within settings.push_sweep_seconds.
 * A round: read the horizon H; in slices, compare the heads of our topics and the new memberships of our users; wait until what was missing
 * has been delivered. Then every stream that was here before the round has everything below H: H becomes the base of its cursor.
 */
#ifndef PUSH_SWEEP_H
#define PUSH_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

/* Starts; until the first horizon is there, sweep_horizon is 0 and no stream may open. */
void sweep_open(void);
void sweep_close(void);

/* The latest horizon that was read; what is asked of the database from now on sees all below it. */
int64_t sweep_horizon(void);

/* The number of the round that goes on or was the last: a stream notes it when it joins something. */
uint32_t sweep_round(void);

/* A whole round as soon as can be: Redis was away. */
void sweep_hurry(void);

/* A topic is found to be behind; it has caught up or ended. */
void sweep_behind(void);
void sweep_caught_up(void);

struct topic;

/* A topic has begun: it is looked after as soon as its channel is heard. */
void sweep_begun(const struct topic *t);
void sweep_turn_end(void);

#endif
