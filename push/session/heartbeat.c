/* SPDX-License-Identifier: MIT */
/*
 * Heartbeats and last-seen times.
 *
 * Redis lists each user who went offline until the database has stored the time. When the database
 * fails, the user stays in that list and the next sweep tries again.
 *
 * Redis may lose the list. So this process remembers the users whose last stream here has closed.
 */
#include "push/session/heartbeat.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/id.h"
#include "lib/base/map.h"
#include "lib/base/memory.h"
#include "lib/base/pg_array.h"
#include "lib/base/settings.h"
#include "lib/chat/presence.h"
#include "push/links/db.h"
#include "push/links/redis.h"
#include "push/net/conns.h"

enum {
	HEARTBEATS_MOST = 100,	  /* heartbeats in one command */
	HEARTBEATS_EACH_MS = 20,  /* delay that gathers the heartbeats of new streams */
	ROUNDS_OF_HEARTBEATS = 3, /* heartbeats of a stream within the lifetime of one */
	SWEEP_EACH_MS = 1000,
	SWEEP_MOST = 500,
	WITHIN_MS = 10 * 1000,
	DEPARTED_MOST = 65536,
	/* margin after a heartbeat's lifetime, in which Redis lists the user as offline */
	DEPARTED_SLACK_MS = 10 * 1000,
	GONE_TEXT_BYTES = 2 * ID_TEXT_BYTES + 1,
};

static_assert((int)SWEEP_MOST <= (int)REDIS_REPLY_VALUES, "a reply has room for all that are queried");

static struct {
	struct timer timer, sweep_timer;
	int64_t list[HEARTBEATS_MOST * 2]; /* user and device of each waiting heartbeat */
	bool away[HEARTBEATS_MOST];
	int count;
	uint32_t tick;
	struct map departed; /* user -> time of departure, by the wall clock */
	bool recovering, closed;
} heartbeats;

/* ---- heartbeats */

static void
heartbeat_send(void)
{
	char ids[HEARTBEATS_MOST * 2][ID_TEXT_BYTES], now[CLOCK_TEXT_BYTES], ttl[24];
	const char *argv[6 + HEARTBEATS_MOST * 3] = { "EVAL", presence_beat_script, "0", settings.redis_prefix, ttl, now };
	int argc = 6;

	if (!heartbeats.count)
		return;
	clock_text(clock_wall_ms(), now);
	snprintf(ttl, sizeof ttl, "%ld", settings.presence_seconds * 1000);
	for (int i = 0; i < heartbeats.count; i++) {
		for (int k = 2 * i; k < 2 * i + 2; k++) {
			id_text(heartbeats.list[k], ids[k]);
			argv[argc++] = ids[k];
		}
		argv[argc++] = heartbeats.away[i] ? "away" : "online";
	}
	heartbeats.count = 0;
	redis_command(argc, argv, NULL, NULL);
}

static void
heartbeat_fire(struct timer *t)
{
	(void)t;
	heartbeat_send();
}

void
heartbeat_soon(const struct conn *c)
{
	if (heartbeats.count == HEARTBEATS_MOST)
		heartbeat_send();
	heartbeats.away[heartbeats.count] = c->ws.away;
	heartbeats.list[2 * heartbeats.count] = c->user;
	heartbeats.list[2 * heartbeats.count + 1] = c->device;
	heartbeats.count++;
	if (!timer_is_running(&heartbeats.timer))
		timer_start(&heartbeats.timer, HEARTBEATS_EACH_MS);
}

/*
 * Queues heartbeats for a part of the streams. Runs each second, so that each stream sends three
 * within the lifetime of one.
 */
static void
heartbeat_some(void)
{
	uint32_t parts = (uint32_t)(settings.presence_seconds / ROUNDS_OF_HEARTBEATS);

	if (parts == 0)
		parts = 1;
	heartbeats.tick++;
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		if (c->state == CONN_LIVE && c->number % parts == heartbeats.tick % parts)
			heartbeat_soon(c);
}

void
heartbeat_all(void)
{
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		if (c->state == CONN_LIVE)
			heartbeat_soon(c);
	heartbeat_send();
}

/* ---- last-seen times */

/* Users who went offline, on their way to the database. The texts are Redis's own. */
struct departed {
	int count;
	char texts[SWEEP_MOST][GONE_TEXT_BYTES]; /* user:time */
};

/* Removes the users from Redis's list after the database has stored their times. */
static void
departed_written(void *context, PGresult *result)
{
	struct departed *g = context;
	char key[REDIS_KEY_BYTES];
	const char *argv[2 + SWEEP_MOST] = { "ZREM", key };

	snprintf(key, sizeof key, "%spresence:unseen", settings.redis_prefix);
	for (int i = 0; i < g->count; i++)
		argv[2 + i] = g->texts[i];
	if (result)
		redis_command(2 + g->count, argv, NULL, NULL);
	free(g);
}

static bool
departed_parse(const char *text, int64_t *user, int64_t *time)
{
	const char *colon = strchr(text, ':');

	return colon && strlen(text) < GONE_TEXT_BYTES && id_parse(text, (size_t)(colon - text), user) &&
	       id_parse(colon + 1, strlen(colon + 1), time);
}

static void
departed_reply(void *context, const char *const *values, int count)
{
	struct pg_array users = { 0 }, times = { 0 };
	struct departed *g = memory_alloc(sizeof *g);
	int64_t user, time;

	(void)context;
	for (int i = 0; i < count && g->count < SWEEP_MOST; i++) {
		if (!departed_parse(values[i], &user, &time))
			continue;
		pg_array_add(&users, user);
		pg_array_add(&times, time);
		strcpy(g->texts[g->count++], values[i]);
	}
	const char *params[] = { pg_array_text(&users), pg_array_text(&times) };
	if (g->count)
		db_query(QUERY_SEEN, params, WITHIN_MS, departed_written, g);
	else
		free(g);
	pg_array_free(&users);
	pg_array_free(&times);
}

/*
 * Forgets the users who departed long ago. Redis has listed them by then, provided that it answers.
 */
static void
departed_forget(void)
{
	int64_t before = clock_wall_ms() - settings.presence_seconds * 1000 - DEPARTED_SLACK_MS;
	struct map kept = { 0 };
	bool old = false;

	if (!redis_answers() || heartbeats.recovering)
		return;
	for (size_t i = 0; i < heartbeats.departed.room && !old; i++)
		old = heartbeats.departed.entries[i].key && (intptr_t)heartbeats.departed.entries[i].value < before;
	if (!old)
		return;
	for (size_t i = 0; i < heartbeats.departed.room; i++) {
		const struct map_entry *e = &heartbeats.departed.entries[i];
		if (e->key && (intptr_t)e->value >= before)
			map_put(&kept, e->key, e->value);
	}
	map_free(&heartbeats.departed);
	heartbeats.departed = kept;
}

static void
sweep_fire(struct timer *t)
{
	char now[CLOCK_TEXT_BYTES], most[16];
	const char *argv[] = { "EVAL", presence_sweep_script, "0", settings.redis_prefix, now, most };

	clock_text(clock_wall_ms(), now);
	snprintf(most, sizeof most, "%d", SWEEP_MOST);
	redis_command(6, argv, departed_reply, NULL);
	heartbeat_some();
	departed_forget();
	timer_start(t, SWEEP_EACH_MS);
}

/* ---- users whom Redis may have forgotten */

void
heartbeat_departed(int64_t user)
{
	map_remove(&heartbeats.departed, user);
	if (!heartbeats.closed && heartbeats.departed.count < DEPARTED_MOST)
		map_put(&heartbeats.departed, user, (void *)(intptr_t)clock_wall_ms());
}

/* Departed users whose presence is queried in Redis. */
struct recovery {
	int count;
	int64_t users[SWEEP_MOST], times[SWEEP_MOST];
};

static void
recovered(void *context, PGresult *result)
{
	struct recovery *r = context;

	heartbeats.recovering = false;
	for (int i = 0; result && i < r->count; i++)
		if ((intptr_t)map_get(&heartbeats.departed, r->users[i]) == r->times[i])
			map_remove(&heartbeats.departed, r->users[i]);
	if (result && heartbeats.departed.count)
		heartbeat_recover();
	free(r);
}

static void
recovery_reply(void *context, const char *const *values, int count)
{
	struct recovery *r = context;
	struct pg_array users = { 0 }, times = { 0 };

	if (count < r->count) { /* Redis did not answer: the next recovery includes these users */
		heartbeats.recovering = false;
		free(r);
		return;
	}
	for (int i = 0; i < r->count; i++) {
		if (strcmp(values[i], "offline") != 0)
			continue;
		pg_array_add(&users, r->users[i]);
		pg_array_add(&times, r->times[i]);
	}
	const char *params[] = { pg_array_text(&users), pg_array_text(&times) };
	db_query(QUERY_SEEN, params, WITHIN_MS, recovered, r);
	pg_array_free(&users);
	pg_array_free(&times);
}

void
heartbeat_recover(void)
{
	char ids[SWEEP_MOST][ID_TEXT_BYTES];
	const char *argv[4 + SWEEP_MOST] = { "EVAL", presence_query_script, "0", settings.redis_prefix };

	if (heartbeats.recovering || !heartbeats.departed.count)
		return;
	struct recovery *r = memory_alloc(sizeof *r);
	for (size_t i = 0; i < heartbeats.departed.room && r->count < SWEEP_MOST; i++) {
		const struct map_entry *e = &heartbeats.departed.entries[i];
		if (!e->key)
			continue;
		r->users[r->count] = e->key;
		r->times[r->count] = (intptr_t)e->value;
		id_text(e->key, ids[r->count]);
		argv[4 + r->count] = ids[r->count];
		r->count++;
	}
	heartbeats.recovering = true;
	redis_command(4 + r->count, argv, recovery_reply, r);
}

void
heartbeat_open(void)
{
	heartbeats.timer.fire = heartbeat_fire;
	heartbeats.sweep_timer.fire = sweep_fire;
	timer_start(&heartbeats.sweep_timer, SWEEP_EACH_MS);
}

void
heartbeat_close(void)
{
	timer_stop(&heartbeats.timer);
	timer_stop(&heartbeats.sweep_timer);
	map_free(&heartbeats.departed);
	heartbeats.closed = true;
}
