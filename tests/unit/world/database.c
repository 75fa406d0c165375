/* SPDX-License-Identifier: MIT */
/* A fake PostgreSQL. */
#include "tests/unit/world/database.h"

#include <assert.h>
#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/chat/notification.h"
#include "lib/base/memory.h"
#include "push/links/horizon.h"
#include "push/links/db.h"

enum { EVENTS = 4096, PERIODS = 1024, WAITING = 64, LIST = 64, COLUMNS = 8, JOINT = 1024 };

/* A membership of the user, from its first event to its last one (INT64_MAX: it has not ended). */
struct period {
	int64_t room, from, to;
};

struct waiting_query {
	enum query_name statement;
	char *params[DB_PARAMS];
	db_reply *reply;
	void *context;
	bool has_run;
	PGresult *result;
};

static struct {
	struct stored events[EVENTS];
	struct period periods[PERIODS];
	int events_count, periods_count, queries_count;
	struct waiting_query queries[WAITING];
	int64_t next_id;
} db;

struct world_database database;

/* ---- what is stored */

void
database_reset(void)
{
	while (db.queries_count)
		database_fail_at(0);
	db.events_count = db.periods_count = 0;
	db.next_id = FIRST_ID;
	database = (struct world_database){ .is_up = true, .incarnation = INCARNATION };
	database_add(ROOM);
	database_horizon();
}

static const struct stored *
last_of(int64_t room)
{
	for (int i = db.events_count; i-- > 0;)
		if (db.events[i].room == room)
			return &db.events[i];
	return NULL;
}

int64_t
database_seq(int64_t room)
{
	return last_of(room) ? last_of(room)->seq : 0;
}

int64_t
database_id(int64_t room)
{
	return last_of(room) ? last_of(room)->id : 0;
}

static struct period *
membership(int64_t room)
{
	for (int i = 0; i < db.periods_count; i++)
		if (db.periods[i].room == room && db.periods[i].to == INT64_MAX)
			return &db.periods[i];
	return NULL;
}

bool
database_is_member(int64_t room)
{
	return membership(room) != NULL;
}

static struct stored *
store(int64_t room)
{
	assert(db.events_count < EVENTS);
	int64_t seq = database_seq(room) + 1;
	struct stored *e = &db.events[db.events_count++];

	*e = (struct stored){ .room = room, .id = db.next_id++, .seq = seq };
	snprintf(e->json, sizeof e->json, "{\"type\":\"t\",\"room\":%ld,\"seq\":%ld}", (long)room, (long)seq);
	return e;
}

const struct stored *
database_send(int64_t room)
{
	return store(room);
}

const struct stored *
database_remove(int64_t room)
{
	struct stored *e = store(room);

	e->removed_user = USER;
	membership(room)->to = e->id;
	return e;
}

const struct stored *
database_add(int64_t room)
{
	struct stored *e = store(room);

	e->joins = true;
	assert(db.periods_count < PERIODS && !membership(room));
	db.periods[db.periods_count++] = (struct period){ room, e->id, INT64_MAX };
	return e;
}

int
database_events(void)
{
	return db.events_count;
}

const struct stored *
database_event(int i)
{
	return &db.events[i];
}

bool
database_is_of_user(const struct stored *e)
{
	for (int i = 0; i < db.periods_count; i++)
		if (db.periods[i].room == e->room && e->id >= db.periods[i].from && e->id <= db.periods[i].to)
			return true;
	return false;
}

void
database_horizon(void)
{
	horizon_learn(db.next_id, database.incarnation);
}

/* ---- results, in PostgreSQL's binary format */

static PGresult *
result_new(int columns)
{
	static char name[] = "c";
	PGresAttDesc attributes[COLUMNS];
	PGresult *r = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);

	for (int i = 0; i < columns; i++)
		attributes[i] = (PGresAttDesc){ .name = name, .format = 1, .typlen = -1 };
	PQsetResultAttrs(r, columns, attributes);
	return r;
}

static void
set_bytes(PGresult *r, int row, int column, const void *bytes, size_t len)
{
	PQsetvalue(r, row, column, (char *)(uintptr_t)bytes, (int)len);
}

static void
set_text(PGresult *r, int row, int column, const char *text)
{
	PQsetvalue(r, row, column, (char *)(uintptr_t)text, text ? (int)strlen(text) : -1);
}

static void
set_number(PGresult *r, int row, int column, int64_t n)
{
	uint64_t bytes = htobe64((uint64_t)n);

	set_bytes(r, row, column, &bytes, sizeof bytes);
}

static void
set_array(PGresult *r, int row, int column, const int64_t *list, int count)
{
	unsigned char bytes[20 + JOINT * 12];
	uint32_t head[5] = { htobe32(1), 0, htobe32(20), htobe32((uint32_t)count), htobe32(1) }, size = htobe32(8);

	assert(count <= JOINT);
	memcpy(bytes, head, sizeof head);
	for (int i = 0; i < count; i++) {
		uint64_t n = htobe64((uint64_t)list[i]);
		memcpy(bytes + 20 + 12 * i, &size, sizeof size);
		memcpy(bytes + 24 + 12 * i, &n, sizeof n);
	}
	set_bytes(r, row, column, bytes, count ? (size_t)(20 + 12 * count) : 0);
}

/* ---- parameters */

/* Reads an array of numbers as text. NULL counts as none. Returns how many it has. */
static int
numbers(const char *text, int64_t list[LIST])
{
	int n = 0;

	for (const char *at = text ? text + 1 : "}"; *at != '}';) {
		char *end;
		assert(n < LIST);
		if (strncmp(at, "NULL", 4) == 0) {
			list[n++] = -1;
			at += 4;
		} else {
			list[n++] = strtoll(at + (*at == '"'), &end, 10);
			/* of a snapshot only xmin is read, which is its xmax here */
			at = end + strcspn(end, ",}");
		}
		at += *at == ',';
	}
	return n;
}

/* A cursor, as sync_events takes it. */
struct asked {
	int64_t base;
	int exceptions, reads;
	int64_t rooms[LIST], ids[LIST], read_ids[LIST], read_rooms[LIST], snapshots[LIST];
};

static bool
is_covered(const struct asked *a, const struct stored *e)
{
	if (e->id < a->base)
		return true;
	for (int i = 0; i < a->exceptions; i++)
		if (a->rooms[i] == e->room && e->id <= a->ids[i])
			return true;
	for (int i = 0; i < a->reads; i++)
		if ((e->id < a->read_ids[i] || (e->id == a->read_ids[i] && e->room < a->read_rooms[i])) && e->id < a->snapshots[i])
			return true;
	return false;
}

/* ---- statements */

/* Reads the user's conversations, and those that ended at or above the base. */
static void
open_row(PGresult *r, int row, int64_t base)
{
	int64_t rooms[JOINT], ended[JOINT], seqs[JOINT], ids[JOINT], members[JOINT], delivered[JOINT];
	int n = 0;

	set_text(r, row, 0, database.device_unknown ? "device_revoked" : "ok");
	set_text(r, row, 1, database.no_resume);
	for (int i = 0; i < db.periods_count; i++) {
		const struct period *p = &db.periods[i];
		bool has_ended = p->to != INT64_MAX;
		if (has_ended && p->to < base)
			continue;
		assert(n < JOINT);
		rooms[n] = p->room;
		ended[n] = has_ended;
		ids[n] = has_ended ? p->to : database_id(p->room);
		seqs[n] = database_seq(p->room);
		members[n] = 2;
		delivered[n++] = 0;
	}
	set_array(r, row, 2, rooms, n);
	set_array(r, row, 3, ended, n);
	set_array(r, row, 4, seqs, n);
	set_array(r, row, 5, ids, n);
	set_array(r, row, 6, members, n);
	set_array(r, row, 7, delivered, n);
}

static PGresult *
run_open(const struct waiting_query *q)
{
	PGresult *r = result_new(8);
	int64_t bases[LIST];
	int n = numbers(q->params[2], bases);

	for (int row = 0; row < n; row++)
		open_row(r, row, bases[row]);
	return r;
}

static void
event_row(PGresult *r, int row, int column, const struct stored *e)
{
	char removed_user[24], *json = memory_alloc(sizeof e->json + (size_t)database.filling);

	snprintf(removed_user, sizeof removed_user, "%ld", (long)e->removed_user);
	int len = sprintf(json, "%.*s,\"filling\":\"%*s\"}", (int)strlen(e->json) - 1, e->json, database.filling, "");
	set_number(r, row, column, e->id);
	set_number(r, row, column + 1, e->seq);
	set_text(r, row, column + 2, e->removed_user == NOTIFICATION_REMOVES_ALL ? "*" : removed_user);
	set_bytes(r, row, column + 3, json, (size_t)len);
	free(json);
}

/* Reads events in the order of their ids. There is no pass. */
static PGresult *
run_sync(const struct waiting_query *q)
{
	PGresult *r = result_new(8);
	struct asked a = { .base = strtoll(q->params[1] ? q->params[1] : "0", NULL, 10) };
	char snapshot[64];
	int limit = atoi(q->params[10]), rows = 0;

	a.exceptions = numbers(q->params[2], a.rooms);
	numbers(q->params[3], a.ids);
	a.reads = numbers(q->params[4], a.read_ids);
	numbers(q->params[5], a.read_rooms);
	numbers(q->params[6], a.snapshots);
	snprintf(snapshot, sizeof snapshot, "%ld:%ld:", (long)db.next_id, (long)db.next_id);
	for (int i = 0; i < db.events_count && rows < limit; i++) {
		const struct stored *e = &db.events[i];
		if (is_covered(&a, e) || !database_is_of_user(e))
			continue;
		set_number(r, rows, 0, e->room);
		event_row(r, rows, 1, e);
		set_text(r, rows, 5, snapshot);
		set_text(r, rows, 6, NULL);
		set_number(r, rows++, 7, 0);
	}
	return r;
}

static PGresult *
run_range(const struct waiting_query *q)
{
	PGresult *r = result_new(4);
	int64_t room = strtoll(q->params[0], NULL, 10), after = strtoll(q->params[1], NULL, 10);
	int rows = 0;

	for (int i = 0; i < db.events_count; i++)
		if (db.events[i].room == room && db.events[i].id > after)
			event_row(r, rows++, 0, &db.events[i]);
	return r;
}

static PGresult *
run_reset(void)
{
	PGresult *r = result_new(1);

	set_text(r, 0, 0, database.no_resume);
	return r;
}

void
database_run_at(int i)
{
	struct waiting_query *q = &db.queries[i];

	if (q->has_run)
		return;
	q->has_run = true;
	if (q->statement == QUERY_OPEN)
		q->result = run_open(q);
	else if (q->statement == QUERY_SYNC)
		q->result = run_sync(q);
	else if (q->statement == QUERY_RANGE)
		q->result = run_range(q);
	else if (q->statement == QUERY_RESET)
		q->result = run_reset();
}

/* ---- queries */

static void
query_end(int i, bool fails)
{
	struct waiting_query q = db.queries[i];

	memmove(&db.queries[i], &db.queries[i + 1], (size_t)(--db.queries_count - i) * sizeof q);
	q.reply(q.context, fails ? NULL : q.result);
	PQclear(q.result);
	for (int k = 0; k < DB_PARAMS; k++)
		free(q.params[k]);
}

void
database_answer_at(int i)
{
	database_run_at(i);
	query_end(i, false);
}

void
database_fail_at(int i)
{
	query_end(i, true);
}

static int
query_find(enum query_name statement, bool has_run)
{
	for (int i = 0; i < db.queries_count; i++)
		if (db.queries[i].statement == statement && (has_run || !db.queries[i].has_run))
			return i;
	assert(!"no such query waits");
	return 0;
}

void
database_run(enum query_name statement)
{
	database_run_at(query_find(statement, false));
}

void
database_answer(enum query_name statement)
{
	database_answer_at(query_find(statement, true));
}

void
database_fail(enum query_name statement)
{
	database_fail_at(query_find(statement, true));
}

int
database_waiting(enum query_name statement)
{
	int n = 0;

	for (int i = 0; i < db.queries_count; i++)
		n += statement == QUERIES || db.queries[i].statement == statement;
	return n;
}

/* ---- push/links/db.h */

void
db_query(enum query_name statement, const char *const *params, int64_t within_ms, db_reply *reply, void *context)
{
	assert(db.queries_count < WAITING);
	struct waiting_query *q = &db.queries[db.queries_count++];

	(void)within_ms;
	*q = (struct waiting_query){ .statement = statement, .reply = reply, .context = context };
	for (int i = 0; i < statements[statement].params; i++)
		q->params[i] = params[i] ? strdup(params[i]) : NULL;
}

bool
db_is_up(void)
{
	return database.is_up;
}

bool
db_tends(void)
{
	return database.is_up;
}

bool
db_answers(void)
{
	return database.is_up;
}
