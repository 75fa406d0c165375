/* SPDX-License-Identifier: MIT */
/*
 * Presence in Redis: the keys and the atomic scripts that both programs run (EVAL; the reply shapes stand above each).
 *
 *   {prefix}presence:{user}       hash: device -> "<deadline_ms> <online|away>"; expires by itself
 *   {prefix}presence:deadlines    sorted set of "user:device" by deadline_ms
 *   {prefix}watch:{user}:{device} set of watched users
 *   {prefix}typing:{conversation}:{user}
 *
 * One hash per user, so that the best of the devices is one read. Times are Redis's own, so that hosts need not agree.
 */
#ifndef LIB_PRESENCE_H
#define LIB_PRESENCE_H

/*
 * Beats: ARGV = prefix, ttl_ms, time text, then user, device, status for each. KEYS none. Reply: integer, how many users' status changed.
 * Publishes presence.updated on p:{user} where the best status changed; a reconnect within the time to live changes nothing.
 */
extern const char presence_beat_script[];

/* Takes out who has not beaten in time: ARGV = prefix, time text, most. Reply: array of the users who went offline. Publishes for each. */
extern const char presence_sweep_script[];

/* A device is signed out: ARGV = prefix, user, device, time text. Reply: 1 when the user went offline by it. */
extern const char presence_gone_script[];

/* Asks: ARGV = prefix, then users. Reply: array of statuses in the same order, "offline" for who is not there. */
extern const char presence_query_script[];

#endif
