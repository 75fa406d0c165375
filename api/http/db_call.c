/* SPDX-License-Identifier: MIT */
/* Calls of SQL functions over a pool of connections. */
#include "api/http/db_call.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/links/accept_slots.h"
#include "api/links/db_sync.h"
#include "api/links/metrics.h"
#include "api/links/redis.h"
#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/settings.h"

enum { TRIES = 5, RETRY_PAUSE_US = 3000, LATE_LOOK_MS = 50 };

struct db_pool {
	pthread_mutex_t lock;
	pthread_cond_t returned;
	struct db_sync *conns;
	struct db_sync *idle; /* the most recently used first: its memory is warm */
	struct db_sync *late; /* their requests were answered, but the server has not finished */
	long count, late_count;
	int64_t *users; /* the user of each connection; 0: none */
};

/*
 * The pools. Reads have connections of their own. So they continue while no commit ends, as after
 * the loss of a standby.
 */
static struct db_pool reads = { .lock = PTHREAD_MUTEX_INITIALIZER }, writes = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
pool_open(struct db_pool *p, long count)
{
	clock_cond_init(&p->returned);
	p->count = count;
	p->conns = memory_alloc((size_t)count * sizeof *p->conns);
	p->users = memory_alloc((size_t)count * sizeof *p->users);
	for (long i = 0; i < count; i++) {
		p->conns[i].next = p->idle;
		p->idle = &p->conns[i];
	}
}

static void
pool_close(struct db_pool *p)
{
	for (long i = 0; i < p->count; i++)
		db_sync_drop(&p->conns[i]);
	free(p->conns);
	free(p->users);
	pthread_cond_destroy(&p->returned);
}

void
db_calls_open(void)
{
	pool_open(&reads, settings.api_connections);
	pool_open(&writes, settings.api_write_connections);
}

void
db_calls_close(void)
{
	pool_close(&reads);
	pool_close(&writes);
}

/* Moves late connections that the server has finished with to the idle ones. */
static void
pool_settle(struct db_pool *p)
{
	struct db_sync **at = &p->late, *c;
	PGresult *result;

	while ((c = *at)) {
		enum db_outcome outcome = db_sync_await(c, 0, &result);
		PQclear(result);
		if (outcome == DB_LATE) {
			at = &c->next;
			continue;
		}
		if (outcome == DB_STALE)
			db_sync_drop(c);
		*at = c->next;
		c->next = p->idle;
		p->idle = c;
		p->users[c - p->conns] = 0;
		p->late_count--;
	}
}

/*
 * Returns whether a user holds their share of a pool, which is half of it. The other half stays
 * available to other users.
 */
static bool
pool_is_spent(const struct db_pool *p, int64_t user)
{
	long held = 0;

	for (long i = 0; i < p->count; i++)
		held += p->users[i] == user;
	return user && p->count > 1 && held >= p->count / 2;
}

/*
 * Takes a connection for a user; 0: for no user. Returns NULL when all connections are late, or
 * when none became idle in time.
 */
static struct db_sync *
pool_take(struct db_pool *p, int64_t user, int64_t deadline)
{
	struct db_sync *c;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		pool_settle(p);
		int64_t now = clock_ms();
		if ((p->idle && !pool_is_spent(p, user)) || p->late_count == p->count || now >= deadline)
			break;
		int64_t look = now + LATE_LOOK_MS;
		(void)clock_wait(&p->returned, &p->lock, p->late && look < deadline ? look : deadline);
	}
	c = pool_is_spent(p, user) ? NULL : p->idle;
	if (c) {
		p->idle = c->next;
		p->users[c - p->conns] = user;
	}
	pthread_mutex_unlock(&p->lock);
	return c;
}

/*
 * Returns a connection to its pool. A late connection waits there for its result: see db_sync_run.
 */
static void
pool_give(struct db_pool *p, struct db_sync *c, bool is_late)
{
	struct db_sync **list = is_late ? &p->late : &p->idle;

	pthread_mutex_lock(&p->lock);
	c->next = *list;
	*list = c;
	p->late_count += is_late;
	if (!is_late)
		p->users[c - p->conns] = 0;
	/* all waiters: the first one's user may hold their share already */
	pthread_cond_broadcast(&p->returned);
	pthread_mutex_unlock(&p->lock);
}

static void
pause_a_moment(int try)
{
	nanosleep(&(struct timespec){ 0, (long)try * RETRY_PAUSE_US * 1000 }, NULL);
}

/* Returns whether the statement may be repeated after this outcome. */
static bool
outcome_permits_repeat(enum db_outcome outcome, enum statement s)
{
	return outcome == DB_AGAIN || outcome == DB_STALE || (outcome == DB_LOST && statement_row(s)->reads);
}

static int64_t
db_call_deadline(const struct request *r)
{
	bool is_short = r->wait_ms && r->wait_ms < settings.api_wait_ms;

	return clock_ms() + (is_short ? r->wait_ms : settings.api_wait_ms);
}

/*
 * Runs a statement on a connection, and repeats it where that is safe. *result is the last result.
 */
static enum db_outcome
pool_run(enum statement s, const struct request *r, const struct param *params, int n, PGresult **result)
{
	int64_t deadline = db_call_deadline(r);
	enum db_outcome outcome = DB_LOST;
	struct db_pool *p = statement_row(s)->reads ? &reads : &writes;
	struct db_sync *c = pool_take(p, r->user, deadline);

	*result = NULL;
	if (!c)
		return DB_SLOW;
	for (int try = 0; try < TRIES && (try == 0 || (outcome_permits_repeat(outcome, s) && clock_ms() < deadline)); try++) {
		if (try > 0)
			pause_a_moment(try);
		PQclear(*result);
		*result = NULL;
		if (!db_sync_ready(c, deadline)) {
			outcome = DB_LOST;
			continue;
		}
		outcome = db_sync_run(c, s, params, n, deadline, result);
		if (outcome == DB_STALE || outcome == DB_LOST)
			db_sync_drop(c);
	}
	if (outcome == DB_LATE)
		metrics_count(&metrics->database_late);
	pool_give(p, c, outcome == DB_LATE);
	return outcome;
}

/*
 * Replies with the client's mistake, as SQL raised it. The message is the code, the detail a
 * sentence, the column the field.
 */
static void
reply_refusal(struct request *r, const PGresult *result)
{
	enum error error = error_find(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));

	reply_error_field(r, error ? error : ERROR_INTERNAL, PQresultErrorField(result, PG_DIAG_COLUMN_NAME),
			  PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
}

static void
result_free(void *result)
{
	PQclear(result);
}

struct rows *
db_call_run(struct request *r, enum statement s, const struct param *params, int n)
{
	PGresult *result;

	accept_slot_release();
	enum db_outcome outcome = pool_run(s, r, params, n, &result);

	request_own(r, result, result_free);
	switch (outcome) {
	case DB_DONE:
		return (struct rows *)result;
	case DB_REFUSED:
		reply_refusal(r, result);
		return NULL;
	case DB_INVALID:
		reply_error(r, ERROR_INVALID_BODY);
		return NULL;
	case DB_BUG:
		reply_error(r, ERROR_INTERNAL);
		return NULL;
	case DB_AGAIN:
	case DB_STALE:
	case DB_SLOW:
	case DB_LATE:
	case DB_UNABLE:
	case DB_LOST:
		break;
	}
	reply_error(r, ERROR_UNAVAILABLE);
	return NULL;
}

/*
 * Returns the PGresult behind struct rows. The other name keeps libpq's header out of most files.
 */
static const PGresult *
result_of(const struct rows *rows)
{
	return (const PGresult *)rows;
}

int
rows_count(const struct rows *rows)
{
	return PQntuples(result_of(rows));
}

const char *
rows_text(const struct rows *rows, int row, int column)
{
	return PQgetisnull(result_of(rows), row, column) ? NULL : PQgetvalue(result_of(rows), row, column);
}

int64_t
rows_number(const struct rows *rows, int row, int column)
{
	const char *text = rows_text(rows, row, column);

	return text ? strtol(text, NULL, 10) : 0;
}

// Answers with the JSON in a column of the first row. A null there is a fault of the SQL function.
static enum reply
reply_column(struct request *r, int status, const struct rows *rows, int column)
{
	const char *json = rows_text(rows, 0, column);
	return json ? reply_json(r, status, json) : reply_error(r, ERROR_INTERNAL);
}

enum reply
reply_rows(struct request *r, int status, const struct rows *rows)
{
	return rows ? reply_column(r, status, rows, 0) : REPLIED;
}

void
rows_publish(const struct rows *rows, int first, int column)
{
	if (rows_count(rows) <= first)
		return;
	redis_publish_begin();
	for (int i = first; i < rows_count(rows); i++)
		if (rows_text(rows, i, column))
			redis_publish(rows_text(rows, i, column), rows_text(rows, i, column + 1));
	redis_publish_end();
}

enum reply
reply_publish(struct request *r, int status, const struct rows *rows)
{
	if (!rows)
		return REPLIED;
	rows_publish(rows, 1, 0);
	return status == 204 ? reply_status(r, status) : reply_column(r, status, rows, 1);
}
