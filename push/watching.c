/* SPDX-License-Identifier: MIT */
/* Presence: watch lists, beats, and finding who has gone. */
#include "watching.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/array.h"
#include "../lib/identifier.h"
#include "../lib/memory.h"
#include "../lib/presence.h"
#include "../lib/settings.h"
#include "bus.h"
#include "delivery.h"
#include "map.h"
#include "result.h"
#include "store.h"
#include "stream.h"
#include "transport.h"

enum {
	BEATS_MOST = 100,    /* in one command */
	BEATS_EACH_MS = 20,  /* new streams */
	ROUNDS_OF_BEATS = 3, /* within the time that a beat lasts */
	SWEEP_EACH_MS = 1000,
	SWEEP_MOST = 500,
	WITHIN_MS = 10 * 1000,
	KEY_BYTES = 256,
};

/* A user whom somebody here watches. */
struct watched {
	int64_t user;
	struct conn **watchers;
	uint32_t count, room;
};

/* Whom a stream watches. */
struct watching {
	int count;
	struct watched *list[];
};

static struct {
	struct map users;
	struct timer beat_timer, sweep_timer;
	int64_t beats[BEATS_MOST * 2]; /* user, device of streams that have just begun */
	bool away[BEATS_MOST];
	int beats_count;
	uint32_t tick;
} presence;

/* ---- who watches whom */

static struct watched *
watched_get(int64_t user)
{
	struct watched *w = map_get(&presence.users, user);

	if (w)
		return w;
	w = memory_alloc(sizeof *w);
	w->user = user;
	map_put(&presence.users, user, w);
	bus_subscribe('p', user);
	return w;
}

static void
watched_add(struct watched *w, struct conn *c)
{
	if (w->count == w->room) {
		w->room = w->room ? w->room * 2 : 2;
		w->watchers = memory_resize(w->watchers, w->room * sizeof w->watchers[0]);
	}
	w->watchers[w->count++] = c;
}

static void
watched_remove(struct watched *w, const struct conn *c)
{
	uint32_t i = 0;

	while (w->watchers[i] != c)
		i++;
	w->watchers[i] = w->watchers[--w->count];
	if (w->count)
		return;
	bus_unsubscribe('p', w->user);
	map_remove(&presence.users, w->user);
	free(w->watchers);
	free(w);
}

void
watching_end(struct conn *c)
{
	if (!c->watching)
		return;
	for (int i = 0; i < c->watching->count; i++)
		watched_remove(c->watching->list[i], c);
	free(c->watching);
	c->watching = NULL;
}

void
watching_event(int64_t user, struct event *ev)
{
	struct watched *w = map_get(&presence.users, user);

	for (uint32_t i = 0; w && i < w->count; i++)
		if (w->watchers[i]->state == CONN_LIVE)
			conn_event(w->watchers[i], ev);
}

/* ---- the state of those who are watched */

struct asked {
	int64_t user;
	char last_seen[TIME_TEXT_BYTES]; /* empty: never */
};

/* A question about a stream's list; the stream may be gone when it is answered. */
struct inquiry {
	struct conn *conn;
	int64_t user; /* whose stream it was: a connection of long-polls may become another's */
	int count;
	struct asked list[];
};

static struct inquiry *
inquiry_new(struct conn *c, int count)
{
	struct inquiry *q = memory_alloc(sizeof *q + (size_t)count * sizeof q->list[0]);

	q->conn = c;
	q->user = stream_user(c);
	conn_pin(c);
	return q;
}

static bool
inquiry_lives(const struct inquiry *q)
{
	return q->conn->state == CONN_LIVE && stream_user(q->conn) == q->user;
}

static void
inquiry_free(struct inquiry *q)
{
	conn_unpin(q->conn);
	free(q);
}

static void
state_reply(void *context, const char *const *values, int count)
{
	struct inquiry *q = context;
	char *data = NULL;
	size_t len = 0;

	/* to a long-poll it is no reason to answer: its client asks by REST */
	if (!inquiry_lives(q) || count < q->count || q->conn->transport == &transport_poll) {
		inquiry_free(q);
		return;
	}
	FILE *f = open_memstream(&data, &len);
	assert(f);
	fprintf(f, "{\"presence\":[");
	for (int i = 0; i < q->count; i++) {
		fprintf(f, "%s{\"user_id\":\"%ld\",\"status\":\"%s\"", i ? "," : "", (long)q->list[i].user, values[i]);
		if (*q->list[i].last_seen && strcmp(values[i], "offline") == 0)
			fprintf(f, ",\"last_seen\":\"%s\"", q->list[i].last_seen);
		fprintf(f, "}");
	}
	fprintf(f, "]}");
	fclose(f);
	conn_notice(q->conn, "presence.state", data);
	free(data);
	inquiry_free(q);
}

static void
watching_set(const struct inquiry *q)
{
	struct watching *w = memory_alloc(sizeof *w + (size_t)q->count * sizeof w->list[0]);

	for (int i = 0; i < q->count; i++) {
		w->list[i] = watched_get(q->list[i].user);
		watched_add(w->list[i], q->conn);
	}
	w->count = q->count;
	watching_end(q->conn);
	q->conn->watching = w;
}

/* Listens first, asks afterwards, so that no change falls between. */
static void
inquiry_watch(struct inquiry *q)
{
	char(*ids)[24] = memory_alloc((size_t)(q->count + 1) * sizeof *ids);
	const char **argv = memory_alloc((size_t)(q->count + 4) * sizeof argv[0]);
	int argc = 0;

	watching_set(q);
	argv[argc++] = "EVAL";
	argv[argc++] = presence_query_script;
	argv[argc++] = "0";
	argv[argc++] = settings.redis_prefix;
	for (int i = 0; i < q->count; i++) {
		identifier_text(q->list[i].user, ids[i]);
		argv[argc++] = ids[i];
	}
	bus_command(argc, argv, state_reply, q);
	free(argv);
	free(ids);
}

static void
allowed_reply(void *context, PGresult *result)
{
	struct inquiry *q = context;

	if (!result || !inquiry_lives(q)) {
		inquiry_free(q);
		return;
	}
	q->count = PQntuples(result);
	for (int i = 0; i < q->count; i++) {
		q->list[i].user = result_int(result, i, 0);
		snprintf(q->list[i].last_seen, sizeof q->list[i].last_seen, "%s", PQgetvalue(result, i, 1));
	}
	inquiry_watch(q);
}

void
watching_ask(struct conn *c, const int64_t *users, int count)
{
	char user[24];
	struct array ids = { 0 };
	struct inquiry *q = inquiry_new(c, count);

	for (int i = 0; i < count; i++)
		array_add(&ids, users[i]);
	identifier_text(stream_user(c), user);
	const char *params[] = { user, array_text(&ids) };
	store_ask(STORE_ALLOWED, params, WITHIN_MS, allowed_reply, q);
	array_free(&ids);
}

/* The list that REST has set was checked there; it is checked again, since a conversation may have been left since. */
static void
load_reply(void *context, const char *const *values, int count)
{
	struct inquiry *q = context;
	struct conn *c = q->conn;
	int64_t users[LIMIT_PRESENCE_USERS];
	int n = 0;

	for (int i = 0; i < count && n < LIMIT_PRESENCE_USERS; i++)
		if (identifier_parse(values[i], strlen(values[i]), &users[n]))
			n++;
	if (inquiry_lives(q) && n > 0)
		watching_ask(c, users, n);
	else if (inquiry_lives(q) && count == 0)
		watching_end(c);
	inquiry_free(q);
}

void
watching_load(struct conn *c)
{
	char key[KEY_BYTES];
	const char *argv[] = { "SMEMBERS", key };

	snprintf(key, sizeof key, "%swatch:%ld:%ld", settings.redis_prefix, (long)stream_user(c), (long)c->device);
	bus_command(2, argv, load_reply, inquiry_new(c, 0));
}

/* ---- beats */

static void
beats_send(void)
{
	char ids[BEATS_MOST * 2][IDENTIFIER_BYTES], now[TIME_TEXT_BYTES], ttl[24];
	const char *argv[6 + BEATS_MOST * 3] = { "EVAL", presence_beat_script, "0", settings.redis_prefix, ttl, now };
	int argc = 6;

	if (!presence.beats_count)
		return;
	time_text(time_now_ms(), now);
	snprintf(ttl, sizeof ttl, "%ld", settings.presence_seconds * 1000);
	for (int i = 0; i < presence.beats_count; i++) {
		for (int k = 2 * i; k < 2 * i + 2; k++) {
			identifier_text(presence.beats[k], ids[k]);
			argv[argc++] = ids[k];
		}
		argv[argc++] = presence.away[i] ? "away" : "online";
	}
	presence.beats_count = 0;
	bus_command(argc, argv, NULL, NULL);
}

static void
beats_fire(struct timer *t)
{
	(void)t;
	beats_send();
}

void
watching_beat(const struct conn *c)
{
	if (presence.beats_count == BEATS_MOST)
		beats_send();
	presence.away[presence.beats_count] = c->away;
	presence.beats[2 * presence.beats_count] = stream_user(c);
	presence.beats[2 * presence.beats_count + 1] = c->device;
	presence.beats_count++;
	if (!timer_is_running(&presence.beat_timer))
		timer_start(&presence.beat_timer, BEATS_EACH_MS);
}

/* Each second a part of the streams beats, so that each does so three times within the time that a beat lasts. */
static void
beat_some(void)
{
	uint32_t parts = (uint32_t)(settings.presence_seconds / ROUNDS_OF_BEATS);

	if (parts == 0)
		parts = 1;
	presence.tick++;
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		if (c->state == CONN_LIVE && c->number % parts == presence.tick % parts)
			watching_beat(c);
}

/* ---- who has gone */

static void
seen_reply(void *context, PGresult *result)
{
	(void)context, (void)result;
}

static void
gone_reply(void *context, const char *const *values, int count)
{
	struct array users = { 0 }, times = { 0 };
	int64_t id;

	(void)context;
	for (int i = 0; i < count; i++)
		if (identifier_parse(values[i], strlen(values[i]), &id)) {
			array_add(&users, id);
			array_add(&times, time_now_ms());
		}
	const char *params[] = { array_text(&users), array_text(&times) };
	if (users.count)
		store_ask(STORE_SEEN, params, WITHIN_MS, seen_reply, NULL);
	array_free(&users);
	array_free(&times);
}

static void
sweep_fire(struct timer *t)
{
	char now[TIME_TEXT_BYTES], most[16];
	const char *argv[] = { "EVAL", presence_sweep_script, "0", settings.redis_prefix, now, most };

	time_text(time_now_ms(), now);
	snprintf(most, sizeof most, "%d", SWEEP_MOST);
	bus_command(6, argv, gone_reply, NULL);
	beat_some();
	timer_start(t, SWEEP_EACH_MS);
}

void
watching_open(void)
{
	presence.beat_timer.fire = beats_fire;
	presence.sweep_timer.fire = sweep_fire;
	timer_start(&presence.sweep_timer, SWEEP_EACH_MS);
}

void
watching_close(void)
{
	timer_stop(&presence.beat_timer);
	timer_stop(&presence.sweep_timer);
	map_free(&presence.users);
}
