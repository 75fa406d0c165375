/* SPDX-License-Identifier: MIT */
/* Calls of SQL functions over a pool of links. */
#include "call.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/identifier.h"
#include "lib/memory.h"
#include "lib/settings.h"
#include "link.h"
#include "redis.h"
#include "seats.h"
#include "steady.h"

enum { TRIES = 5, RETRY_PAUSE_US = 3000 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t given;
	struct link *links;
	struct link *idle; /* the one used last is first: it is warm */
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

void
calls_open(void)
{
	steady_cond_init(&pool.given);
	pool.links = memory_alloc((size_t)settings.api_connections * sizeof *pool.links);
	for (long i = 0; i < settings.api_connections; i++) {
		pool.links[i].next = pool.idle;
		pool.idle = &pool.links[i];
	}
}

void
calls_close(void)
{
	for (long i = 0; i < settings.api_connections; i++)
		link_drop(&pool.links[i]);
	free(pool.links);
	pthread_cond_destroy(&pool.given);
}

/* A link of the pool, or NULL when none was given back in time. */
static struct link *
pool_take(int64_t deadline)
{
	struct link *l;

	pthread_mutex_lock(&pool.lock);
	while (!pool.idle && steady_wait(&pool.given, &pool.lock, deadline))
		;
	l = pool.idle;
	if (l)
		pool.idle = l->next;
	pthread_mutex_unlock(&pool.lock);
	return l;
}

static void
pool_give(struct link *l)
{
	pthread_mutex_lock(&pool.lock);
	l->next = pool.idle;
	pool.idle = l;
	pthread_cond_signal(&pool.given);
	pthread_mutex_unlock(&pool.lock);
}

static void
pause_a_moment(int try)
{
	nanosleep(&(struct timespec){ 0, (long)try * RETRY_PAUSE_US * 1000 }, NULL);
}

/* May the statement be run again after this? */
static bool
fate_permits(enum link_fate fate, enum statement s)
{
	return fate == LINK_AGAIN || fate == LINK_STALE || (fate == LINK_LOST && statement_row(s)->reads);
}

/* Runs a statement on a link, again where that is safe. The last result in *result. */
static enum link_fate
pool_run(enum statement s, const struct param *params, int n, PGresult **result)
{
	int64_t deadline = time_steady_ms() + settings.api_wait_ms;
	enum link_fate fate = LINK_LOST;
	struct link *l = pool_take(deadline);

	*result = NULL;
	if (!l)
		return LINK_SLOW;
	for (int try = 0; try < TRIES && (try == 0 || fate_permits(fate, s)); try++) {
		if (try > 0)
			pause_a_moment(try);
		PQclear(*result);
		*result = NULL;
		if (!link_ready(l)) {
			fate = LINK_LOST;
			continue;
		}
		fate = link_run(l, s, params, n, deadline + LINK_GRACE_MS, result);
		if (fate == LINK_STALE || fate == LINK_LOST)
			link_drop(l);
	}
	pool_give(l);
	return fate;
}

/* The caller's mistake, as SQL tells it: message is the code, detail a sentence, column the field. */
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
call_run(struct request *r, enum statement s, const struct param *params, int n)
{
	PGresult *result;

	seat_leave();
	enum link_fate fate = pool_run(s, params, n, &result);

	request_keep(r, result, result_free);
	switch (fate) {
	case LINK_DONE:
		return (struct rows *)result;
	case LINK_REFUSED:
		reply_refusal(r, result);
		return NULL;
	case LINK_INVALID:
		reply_error(r, ERROR_INVALID_BODY);
		return NULL;
	case LINK_BUG:
		reply_error(r, ERROR_INTERNAL);
		return NULL;
	case LINK_AGAIN:
	case LINK_STALE:
	case LINK_SLOW:
	case LINK_LOST:
		break;
	}
	reply_error(r, ERROR_UNAVAILABLE);
	return NULL;
}

/* struct rows is a PGresult under a name of ours, so that libpq is known to few files. */
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

enum reply
reply_rows(struct request *r, int status, const struct rows *rows)
{
	return rows ? reply_json(r, status, rows_text(rows, 0, 0)) : REPLIED;
}

void
rows_ring(const struct rows *rows, int first, int column)
{
	if (rows_count(rows) <= first)
		return;
	redis_rings_begin();
	for (int i = first; i < rows_count(rows); i++)
		if (rows_text(rows, i, column))
			redis_ring(rows_text(rows, i, column), rows_text(rows, i, column + 1));
	redis_rings_end();
}

enum reply
reply_rings(struct request *r, int status, const struct rows *rows)
{
	if (!rows)
		return REPLIED;
	rows_ring(rows, 1, 0);
	return status == 204 ? reply_status(r, status) : reply_json(r, status, rows_text(rows, 0, 1));
}
