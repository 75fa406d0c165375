/* SPDX-License-Identifier: MIT */
/*
 * Presence in Redis: the keys, and the atomic scripts that both programs run by EVAL.
 *
 *     {prefix}presence:{user}       hash: device -> "<deadline_ms> <online|away>"; it expires
 *     {prefix}presence:deadlines    sorted set: "user:device" by deadline_ms
 *     {prefix}presence:unseen       sorted set: "user:time_ms", a user and when they went offline,
 *                                   until the database has stored it; by the time at which a sweep
 *                                   may return it next
 *     {prefix}watch:{user}:{device} set of watched users
 *     {prefix}unwatch:{user}:{device} exists when that list was emptied
 *     {prefix}typing:{conversation}:{user}
 *
 * Each user has one hash, so the best status of all devices is one read. Times are Redis's own, so
 * the hosts' clocks need not agree.
 */
#ifndef LIB_PRESENCE_H
#define LIB_PRESENCE_H

#include "lib/base/settings.h"

/* The longest key or channel: the prefix (lib/base/settings.h), a word, two ids and separators. */
enum { REDIS_KEY_BYTES = REDIS_PREFIX_BYTES + 64 };

/*
 * Stores heartbeats. ARGV: prefix, ttl_ms, time text, then user, device, status for each heartbeat.
 * Returns how many users' status changed. Publishes presence.updated on p:{user} when the best
 * status changed. A reconnect within the ttl changes nothing.
 */
extern const char presence_beat_script[];

/*
 * Removes devices whose heartbeats are overdue, and publishes presence.updated for each user who
 * goes offline. ARGV: prefix, time text, the most devices. Returns "user:time_ms" texts that the
 * database has still to store. The script returns each text again after ten seconds, until ZREM
 * removes it from presence:unseen.
 */
extern const char presence_sweep_script[];

/*
 * Removes a device that signed out. ARGV: prefix, user, device, time text. Returns 1 when the user
 * thereby went offline.
 */
extern const char presence_remove_script[];

/*
 * Reads statuses. ARGV: prefix, then users. Returns statuses in the same order, "offline" for
 * absent users. The script also writes a key. So a Redis that accepts no writes, and so no
 * heartbeats, returns an error instead of "offline".
 */
extern const char presence_query_script[];

/*
 * Reads watch lists. ARGV: prefix, then user, device for each list. Returns texts in the same
 * order: the users with spaces between, "-" for a list that was emptied, "" for an unknown list.
 */
extern const char presence_lists_script[];

#endif
