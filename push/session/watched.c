/* SPDX-License-Identifier: MIT */
/* Users whose presence is watched: their watchers, and the queries to Redis about them. */
#include "push/session/watched.h"

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
#include "push/fanout/delivery.h"
#include "push/links/db.h"
#include "push/links/ids.h"
#include "push/links/redis.h"
#include "push/links/result.h"

enum {
	ASKS_MOST = 500, /* users in one query; one query is under way */
	ASKS_SOON_MS = 10,
	ASKS_AGAIN_MS = 1000, /* pause after Redis did not answer */
	WITHIN_MS = 10 * 1000,
};

static_assert((int)ASKS_MOST <= (int)REDIS_REPLY_VALUES, "a reply has room for all that are queried");

struct watcher {
	struct conn *conn;
	struct wish *wish;
};

struct watched {
	int64_t user;
	struct watcher *watchers;
	uint32_t count, room;
	uint32_t allowed; /* watchers that may be notified */
	uint32_t missed;  /* of those, watchers that lack the newest status */
	enum presence_status status;
	bool asking; /* in the list of users to query */
	uint64_t subscription;
	uint64_t heard; /* watched_clock() at the last status that Redis published */
};

/* A query to Redis. Its users may have no watchers any more when it is answered. */
struct ask {
	uint64_t asked;
	int count;
	int64_t users[ASKS_MOST];
};

static struct {
	struct map users;
	uint64_t clock;
	struct ids asks; /* users to query */
	struct timer asks_timer;
	bool asking;
} watched;

static const char *const words[] = {
	[PRESENCE_UNKNOWN] = "offline",
	[PRESENCE_OFFLINE] = "offline",
	[PRESENCE_AWAY] = "away",
	[PRESENCE_ONLINE] = "online",
};

const char *
presence_word(enum presence_status status)
{
	return words[status];
}

enum presence_status
presence_status_of(const char *word)
{
	if (strcmp(word, words[PRESENCE_ONLINE]) == 0)
		return PRESENCE_ONLINE;
	return strcmp(word, words[PRESENCE_AWAY]) == 0 ? PRESENCE_AWAY : PRESENCE_OFFLINE;
}

struct watched *
watched_find(int64_t user)
{
	return map_get(&watched.users, user);
}

int64_t
watched_user(const struct watched *w)
{
	return w->user;
}

enum presence_status
watched_status(const struct watched *w)
{
	return w->status;
}

uint64_t
watched_clock(void)
{
	return watched.clock;
}

/* ---- watchers */

static struct watched *
watched_get(int64_t user)
{
	struct watched *w = watched_find(user);

	if (w)
		return w;
	w = memory_alloc(sizeof *w);
	w->user = user;
	map_put(&watched.users, user, w);
	return w;
}

void
watched_add(struct conn *c, struct presence *list, int i, int64_t user)
{
	struct watched *w = watched_get(user);

	if (w->count == w->room) {
		w->room = w->room ? w->room * 2 : 2;
		w->watchers = memory_resize(w->watchers, w->room * sizeof w->watchers[0]);
	}
	list->list[i] = (struct wish){ .watched = w, .place = w->count };
	w->watchers[w->count++] = (struct watcher){ c, &list->list[i] };
}

void
watched_miss(struct wish *wish, bool missed)
{
	if (wish->missed == missed)
		return;
	wish->missed = missed;
	wish->watched->missed += missed ? 1 : (uint32_t)-1;
}

void
watched_permit(struct wish *wish, bool may)
{
	struct watched *w = wish->watched;

	if (wish->may == may)
		return;
	watched_miss(wish, false);
	wish->may = may;
	w->allowed += may ? 1 : (uint32_t)-1;
	if (may && w->allowed == 1) {
		w->subscription = redis_subscribe('p', w->user);
		watched_ask(w);
	}
	if (may || w->allowed > 0)
		return;
	redis_unsubscribe('p', w->user);
	w->status = PRESENCE_UNKNOWN;
}

/* Removes a wish. The last watcher moves to its place. */
void
watched_remove(struct wish *wish)
{
	struct watched *w = wish->watched;

	watched_permit(wish, false);
	w->watchers[wish->place] = w->watchers[--w->count];
	w->watchers[wish->place].wish->place = wish->place;
	if (w->count)
		return;
	map_remove(&watched.users, w->user);
	free(w->watchers);
	free(w);
}

void
watched_each(const struct watched *w, watched_visit *visit, void *context)
{
	for (uint32_t i = 0; i < w->count; i++)
		visit(w->watchers[i].conn, w->watchers[i].wish, context);
}

/* ---- notifying */

static bool
conn_takes(const struct conn *c)
{
	return c->state == CONN_LIVE || (c->state == CONN_OPENING && c->cursor_state);
}

/* Notifies all watchers, or only those that lack the newest status. */
static void
watched_tell(struct watched *w, struct event *ev, bool all)
{
	for (uint32_t i = 0; i < w->count; i++) {
		struct wish *wish = w->watchers[i].wish;
		if (!wish->may || !(all || wish->missed))
			continue;
		watched_miss(wish, wish->state != WISH_SETTLED || !conn_takes(w->watchers[i].conn));
		if (!wish->missed)
			conn_event(w->watchers[i].conn, ev);
	}
}

static enum presence_status
status_read(const struct event *ev)
{
	static const char key[] = "\"status\":\"";
	const char *bytes = (const char *)ev->body->bytes, *end = bytes + ev->body->len;
	const char *at = memmem(bytes, ev->body->len, key, sizeof key - 1);

	if (!at || end - at < (ptrdiff_t)sizeof key + 2)
		return PRESENCE_UNKNOWN;
	at += sizeof key - 1;
	if (*at == 'a')
		return PRESENCE_AWAY;
	return at[1] == 'n' ? PRESENCE_ONLINE : PRESENCE_OFFLINE;
}

void
watched_event(int64_t user, struct event *ev)
{
	struct watched *w = watched_find(user);

	if (!w)
		return;
	w->status = status_read(ev);
	w->heard = ++watched.clock;
	watched_tell(w, ev, true);
}

static void
updated_tell(struct watched *w, const char *last_seen)
{
	char json[256], now[CLOCK_TEXT_BYTES];
	int n;

	clock_text(clock_wall_ms(), now);
	n = snprintf(json, sizeof json, "{\"type\":\"presence.updated\",\"time\":\"%s\",\"data\":{\"user_id\":\"%ld\",\"status\":\"%s\"", now,
		     (long)w->user, presence_word(w->status));
	if (w->status == PRESENCE_OFFLINE && *last_seen)
		n += snprintf(json + n, sizeof json - (size_t)n, ",\"last_seen\":\"%s\"", last_seen);
	n += snprintf(json + n, sizeof json - (size_t)n, "}}");
	struct event *ev = event_ephemeral(EVENT_PRESENCE, json, (size_t)n);
	watched_tell(w, ev, false);
	event_unref(ev);
}

/*
 * Takes the last-seen times of offline users and notifies their watchers. Without an answer it
 * notifies them without a time.
 */
static void
last_seen_reply(void *context, PGresult *result)
{
	struct ask *ask = context;

	for (int i = 0; i < ask->count; i++) {
		struct watched *w = watched_find(ask->users[i]);
		const char *last_seen = "";
		for (int row = 0; result && row < result_rows(result); row++)
			if (result_int(result, row, 0) == ask->users[i])
				last_seen = result_text(result, row, 1);
		if (w && w->status == PRESENCE_OFFLINE)
			updated_tell(w, last_seen);
	}
	free(ask);
}

static void
last_seen_ask(struct ask *offline)
{
	struct pg_array ids = { 0 };

	for (int i = 0; i < offline->count; i++)
		pg_array_add(&ids, offline->users[i]);
	const char *params[] = { pg_array_text(&ids) };
	db_query(QUERY_LAST_SEEN, params, WITHIN_MS, last_seen_reply, offline);
	pg_array_free(&ids);
}

static void
mark_missed(struct conn *c, struct wish *wish, void *context)
{
	(void)c, (void)context;
	if (wish->may)
		watched_miss(wish, true);
}

/* Takes a status. Returns whether a stream has to be notified. */
static bool
status_take(struct watched *w, enum presence_status status, uint64_t asked)
{
	if (w->heard <= asked) {
		if (w->status != PRESENCE_UNKNOWN && w->status != status)
			watched_each(w, mark_missed, NULL);
		w->status = status;
	}
	return w->missed > 0;
}

void
watched_learn(struct watched *w, enum presence_status status, const char *last_seen, uint64_t asked)
{
	if (status_take(w, status, asked))
		updated_tell(w, last_seen);
}

/* ---- querying */

static void
asks_soon(int64_t ms)
{
	if (!timer_is_running(&watched.asks_timer))
		timer_start(&watched.asks_timer, ms);
}

void
watched_ask(struct watched *w)
{
	if (w->asking)
		return;
	w->asking = true;
	ids_add(&watched.asks, w->user);
	asks_soon(ASKS_SOON_MS);
}

void
watched_ask_all(void)
{
	struct watched *w;

	for (size_t at = 0; (w = map_next(&watched.users, &at));)
		if (w->allowed)
			watched_ask(w);
}

static void
ask_failed(struct ask *ask)
{
	for (int i = 0; i < ask->count; i++) {
		struct watched *w = watched_find(ask->users[i]);
		if (w)
			watched_ask(w);
	}
	timer_start(&watched.asks_timer, ASKS_AGAIN_MS);
	free(ask);
}

static void
ask_reply(void *context, const char *const *values, int count)
{
	struct ask *ask = context;
	int offline = 0;

	watched.asking = false;
	if (count < ask->count) {
		ask_failed(ask);
		return;
	}
	for (int i = 0; i < ask->count; i++) {
		struct watched *w = watched_find(ask->users[i]);
		if (!w || !status_take(w, presence_status_of(values[i]), ask->asked))
			continue;
		if (w->status == PRESENCE_OFFLINE)
			ask->users[offline++] = w->user;
		else
			updated_tell(w, "");
	}
	ask->count = offline;
	if (watched.asks.count)
		asks_soon(ASKS_SOON_MS);
	if (offline)
		last_seen_ask(ask);
	else
		free(ask);
}

/*
 * Queries the users whose channels are subscribed. So no change is lost between subscription and
 * query.
 */
static void
asks_fire(struct timer *t)
{
	char ids[ASKS_MOST][ID_TEXT_BYTES];
	const char *argv[4 + ASKS_MOST] = { "EVAL", presence_query_script, "0", settings.redis_prefix };

	(void)t;
	if (watched.asking)
		return;
	struct ask *ask = memory_alloc(sizeof *ask);
	ask->asked = watched.clock;
	size_t left = watched.asks.count;
	watched.asks.count = 0;
	for (size_t i = 0; i < left; i++) {
		struct watched *w = watched_find(watched.asks.list[i]);
		if (!w || !w->asking)
			continue;
		if (ask->count == ASKS_MOST || w->subscription > redis_acked()) {
			ids_add(&watched.asks, w->user);
			continue;
		}
		w->asking = false;
		id_text(w->user, ids[ask->count]);
		argv[4 + ask->count] = ids[ask->count];
		ask->users[ask->count++] = w->user;
	}
	if (!ask->count) {
		free(ask);
		if (watched.asks.count)
			asks_soon(ASKS_SOON_MS);
		return;
	}
	watched.asking = true;
	redis_command(4 + ask->count, argv, ask_reply, ask);
}

void
watched_open(void)
{
	watched.asks_timer.fire = asks_fire;
}

void
watched_close(void)
{
	timer_stop(&watched.asks_timer);
	ids_free(&watched.asks);
	map_free(&watched.users);
}
