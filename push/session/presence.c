/* SPDX-License-Identifier: MIT */
/*
 * Lists of watched users: their entries, and how clients receive their states. rights.c judges the
 * rights.
 */
#include "push/session/presence.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/id.h"
#include "lib/base/limits.h"
#include "lib/base/memory.h"
#include "lib/base/pg_array.h"
#include "lib/base/settings.h"
#include "lib/chat/presence.h"
#include "push/fanout/delivery.h"
#include "push/fanout/transport.h"
#include "push/links/db.h"
#include "push/links/redis.h"
#include "push/links/result.h"
#include "push/session/rights.h"
#include "push/session/watched.h"

enum { WITHIN_MS = 10 * 1000 };

static_assert((int)LIMIT_PRESENCE_USERS <= (int)REDIS_REPLY_VALUES, "a reply has room for a whole list");

struct allowed {
	int64_t user;
	char last_seen[CLOCK_TEXT_BYTES]; /* empty: never */
};

/*
 * A list on its way from the client to the stream. When an answer arrives, the stream may have
 * closed, or have a newer list.
 */
struct inquiry {
	struct conn *conn;
	int64_t user; /* user of the stream; a long-poll's connection may pass to another user */
	uint32_t turn;
	uint32_t changes; /* rights_changes() when the database was queried */
	uint64_t asked;	  /* watched_clock() when Redis was queried */
	int count;
	int64_t *wanted; /* ascending */
	int allowed_count;
	struct allowed *allowed; /* ascending */
};

static struct inquiry *
inquiry_new(struct conn *c, uint32_t turn)
{
	struct inquiry *q = memory_alloc(sizeof *q);

	q->conn = c;
	q->user = c->user;
	q->turn = turn;
	conn_pin(c);
	return q;
}

static void
inquiry_free(struct inquiry *q)
{
	conn_unpin(q->conn);
	free(q->wanted);
	free(q->allowed);
	free(q);
}

/*
 * Returns whether the list may be set: the stream is still open for the same user, and stream.ready
 * was sent.
 */
static bool
inquiry_lives(const struct inquiry *q)
{
	const struct conn *c = q->conn;

	return (c->state == CONN_LIVE || (c->state == CONN_OPENING && c->cursor_state)) && c->user == q->user;
}

/* Replaces the stream's list. */
static void
presence_replace(struct conn *c, struct presence *by)
{
	struct presence *w = c->presence;

	for (int i = 0; w && i < w->count; i++)
		watched_remove(&w->list[i]);
	free(w);
	c->presence = by;
}

void
presence_end(struct conn *c)
{
	presence_replace(c, NULL);
}

/* Empties the stream's list. The block stays while another list is on its way. */
static void
presence_clear(struct conn *c)
{
	struct presence *w = NULL;

	if (c->presence->asked != c->presence->set) {
		w = memory_alloc(sizeof *w);
		*w = (struct presence){ .asked = c->presence->asked, .set = c->presence->set };
	}
	presence_replace(c, w);
}

/* Begins a list and returns its number. */
static uint32_t
presence_begin(struct conn *c, bool framed)
{
	static uint32_t turn;

	if (!c->presence)
		c->presence = memory_alloc(sizeof *c->presence);
	c->presence->framed = framed;
	return c->presence->asked = ++turn;
}

bool
presence_is_framed(const struct conn *c)
{
	return c->presence && c->presence->framed;
}

static int
id_compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* Makes a sorted copy without repetitions. Returns its length. */
static int
ids_sorted(const int64_t *users, int count, int64_t **out)
{
	int64_t *ids = memory_alloc((size_t)(count + 1) * sizeof ids[0]);
	int n = 0;

	memcpy(ids, users, (size_t)count * sizeof ids[0]);
	qsort(ids, (size_t)count, sizeof ids[0], id_compare);
	for (int i = 0; i < count; i++)
		if (n == 0 || ids[i] != ids[n - 1])
			ids[n++] = ids[i];
	*out = ids;
	return n;
}

/* ---- state of a new list */

/* Writes the users whose status may be sent, and notes that it was. */
static void
state_write(FILE *f, const struct inquiry *q)
{
	const struct allowed *a = q->allowed, *end = a + q->allowed_count;
	const char *between = "";

	fprintf(f, "{\"presence\":[");
	for (int i = 0; i < q->conn->presence->count; i++) {
		struct wish *wish = &q->conn->presence->list[i];
		int64_t user = watched_user(wish->watched);
		while (a < end && a->user < user)
			a++;
		if (!wish->may || wish->state != WISH_SETTLED || a == end || a->user != user)
			continue;
		const char *status = presence_word(watched_status(wish->watched));
		fprintf(f, "%s{\"user_id\":\"%ld\",\"status\":\"%s\"", between, (long)user, status);
		if (*a->last_seen && strcmp(status, "offline") == 0)
			fprintf(f, ",\"last_seen\":\"%s\"", a->last_seen);
		fprintf(f, "}");
		watched_miss(wish, false);
		between = ",";
	}
	fprintf(f, "]}");
}

/*
 * Notes the presence that this answer shows. Other streams are notified where it differs from what
 * they know.
 */
static void
state_learn(const struct inquiry *q, const char *const *values)
{
	for (int i = 0; i < q->allowed_count; i++) {
		struct watched *w = watched_find(q->allowed[i].user);
		if (w)
			watched_learn(w, presence_status_of(values[i]), q->allowed[i].last_seen, q->asked);
	}
}

static void
state_tell(const struct inquiry *q)
{
	char *data = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&data, &len);

	assert(f);
	state_write(f, q);
	fclose(f);
	conn_notice(q->conn, "presence.state", data);
	free(data);
}

/* Queries again the users whose status was not sent, because Redis did not answer. */
static void
state_missed(const struct conn *c)
{
	for (int i = 0; i < c->presence->count; i++)
		if (c->presence->list[i].may) {
			watched_miss(&c->presence->list[i], true);
			watched_ask(c->presence->list[i].watched);
		}
}

/* Sends presence.state, except to a long-poll: its client queries presence by REST. */
static void
state_reply(void *context, const char *const *values, int count)
{
	struct inquiry *q = context;
	bool is_current = inquiry_lives(q) && q->conn->presence && q->turn == q->conn->presence->set && !transport_answers_once(q->conn);

	if (is_current && count >= q->allowed_count) {
		state_learn(q, values);
		state_tell(q);
	} else if (is_current) {
		state_missed(q->conn);
	}
	inquiry_free(q);
}

/* ---- setting a list */

static void
list_set(struct inquiry *q)
{
	struct conn *c = q->conn;
	struct presence *w = memory_alloc(sizeof *w + (size_t)q->count * sizeof w->list[0]);
	const struct allowed *a = q->allowed, *end = a + q->allowed_count;

	w->asked = c->presence->asked;
	w->set = q->turn;
	w->framed = c->presence->framed;
	w->count = q->count;
	for (int i = 0; i < q->count; i++) {
		watched_add(c, w, i, q->wanted[i]);
		while (a < end && a->user < q->wanted[i])
			a++;
		watched_permit(&w->list[i], a < end && a->user == q->wanted[i]);
	}
	presence_replace(c, w);
}

static void
state_ask(struct inquiry *q)
{
	char(*ids)[ID_TEXT_BYTES] = memory_alloc((size_t)(q->allowed_count + 1) * sizeof *ids);
	const char **argv = memory_alloc((size_t)(q->allowed_count + 4) * sizeof argv[0]);
	int argc = 0;

	argv[argc++] = "EVAL";
	argv[argc++] = presence_query_script;
	argv[argc++] = "0";
	argv[argc++] = settings.redis_prefix;
	for (int i = 0; i < q->allowed_count; i++) {
		id_text(q->allowed[i].user, ids[i]);
		argv[argc++] = ids[i];
	}
	q->asked = watched_clock();
	redis_command(argc, argv, state_reply, q);
	free(argv);
	free(ids);
}

static void
allowed_take(struct inquiry *q, const PGresult *result)
{
	q->allowed_count = result ? result_rows(result) : 0;
	q->allowed = memory_alloc((size_t)(q->allowed_count + 1) * sizeof q->allowed[0]);
	for (int i = 0; i < q->allowed_count; i++) {
		q->allowed[i].user = result_int(result, i, 0);
		snprintf(q->allowed[i].last_seen, sizeof q->allowed[i].last_seen, "%s", result_text(result, i, 1));
	}
	qsort(q->allowed, (size_t)q->allowed_count, sizeof q->allowed[0], id_compare);
}

/*
 * Sets the list. Without an answer, or when memberships have changed since the query, the rights
 * are judged once more.
 */
static void
allowed_reply(void *context, PGresult *result)
{
	struct inquiry *q = context;

	if (!inquiry_lives(q) || !q->conn->presence || q->turn < q->conn->presence->set) {
		inquiry_free(q);
		return;
	}
	allowed_take(q, result);
	list_set(q);
	if (!result || q->changes != rights_changes())
		presence_judge(q->conn);
	state_ask(q);
}

static void
allowed_ask(struct conn *c, uint32_t turn, const int64_t *users, int count)
{
	char user[ID_TEXT_BYTES];
	struct pg_array ids = { 0 };
	struct inquiry *q = inquiry_new(c, turn);

	q->count = ids_sorted(users, count, &q->wanted);
	q->changes = rights_changes();
	for (int i = 0; i < q->count; i++)
		pg_array_add(&ids, q->wanted[i]);
	id_text(q->user, user);
	const char *params[] = { user, pg_array_text(&ids) };
	db_query(QUERY_ALLOWED, params, WITHIN_MS, allowed_reply, q);
	pg_array_free(&ids);
}

void
presence_ask(struct conn *c, const int64_t *users, int count)
{
	allowed_ask(c, presence_begin(c, true), users, count);
}

/* ---- the device's list */

/*
 * Takes the device's list from Redis. REST has checked it, but the user may have left a
 * conversation since, so it is checked again. A newer list stays.
 */
static void
load_reply(void *context, const char *const *values, int count)
{
	struct inquiry *q = context;
	struct conn *c = q->conn;
	bool is_newest = inquiry_lives(q) && c->presence && q->turn == c->presence->asked;
	int64_t users[LIMIT_PRESENCE_USERS];
	int n = 0;

	for (int i = 0; i < count && n < LIMIT_PRESENCE_USERS; i++)
		if (id_parse(values[i], strlen(values[i]), &users[n]))
			n++;
	if (is_newest && n > 0)
		allowed_ask(c, q->turn, users, n);
	else if (is_newest && count == 0)
		presence_end(c);
	inquiry_free(q);
}

void
presence_load(struct conn *c)
{
	char key[REDIS_KEY_BYTES];
	const char *argv[] = { "SMEMBERS", key };

	snprintf(key, sizeof key, "%swatch:%ld:%ld", settings.redis_prefix, (long)c->user, (long)c->device);
	redis_command(2, argv, load_reply, inquiry_new(c, presence_begin(c, false)));
}

void
presence_compare(struct conn *c, const int64_t *users, int count)
{
	int64_t *ids;
	int n = ids_sorted(users, count, &ids);
	bool same = c->presence && c->presence->count == n;

	for (int i = 0; same && i < n; i++)
		same = watched_user(c->presence->list[i].watched) == ids[i];
	if (!same && n)
		allowed_ask(c, presence_begin(c, false), ids, n);
	else if (!same && c->presence)
		presence_clear(c);
	free(ids);
}
