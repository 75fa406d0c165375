/* SPDX-License-Identifier: MIT */
/*
 * The sweep: finds events and memberships whose notifications were lost, within
 * settings.push_sweep_seconds.
 *
 * A round reads the horizon H. In slices, it compares the heads of our topics and the new
 * memberships of our users with the database. It waits until the missing events are delivered. Then
 * every stream of before the round has all events below H, and H becomes the base of its cursor.
 */
#ifndef PUSH_SWEEP_H
#define PUSH_SWEEP_H

/*
 * Starts the sweep, or stops it. Until the first horizon is read, no stream may open (horizon.h).
 */
void sweep_open(void);
void sweep_close(void);

/* Runs a whole round as soon as possible, because Redis was unavailable. */
void sweep_hurry(void);

/* Counts a topic that is behind, until it has caught up or was freed. */
void sweep_behind(void);
void sweep_caught_up(void);

struct topic;

/* Notes a new topic. It is compared with the database as soon as its channel is subscribed. */
void sweep_begun(const struct topic *t);
void sweep_turn_end(void);

#endif
