/* SPDX-License-Identifier: MIT */
/*
 * One connection to PostgreSQL. It sends queries in batches, by libpq's pipeline mode. A
 * batch is one transaction.
 *
 * DOWN ──▶ RESOLVING ──▶ CONNECTING ──▶ PREPARING ──▶ READY      any state ──▶ DOWN by db_conn_drop
 *
 * | from       | event                                   | to         | queries in flight    |
 * |------------|-----------------------------------------|------------|----------------------|
 * | DOWN       | the pause is over: resolves the name    | RESOLVING  |                      |
 * | RESOLVING  | the name is resolved                    | CONNECTING |                      |
 * | CONNECTING | connected: sends settings, statements   | PREPARING  |                      |
 * | PREPARING  | all statements are prepared             | READY      |                      |
 * | PREPARING  | the session or a statement is refused   | DOWN       |                      |
 * | READY      | the connection breaks                   | DOWN       | sent again, in order |
 * | READY      | an error with outcome LOST or STALE     | DOWN       | sent again, in order |
 * | READY      | a batch is late (BANTER_PUSH_ANSWER_MS) | DOWN       | the batch is lost    |
 * | READY      | the same, DB_CONN_KEPT                  | READY      | all are lost         |
 * | READY      | the same, DB_CONN_PATIENT               | READY      | they wait            |
 *
 * A connection that writes is kept when it is late. Its backend may wait in its commit for a lost
 * standby. A cancel would make rows visible that the standby does not have. A disconnect would
 * leave one more such backend with each attempt.
 *
 * A query is sent DB_CONN_ASKS times at most.
 *
 * The pause before the next attempt doubles from DB_CONN_PAUSE_MS to DB_CONN_PAUSE_MOST_MS. A batch
 * that succeeds resets it.
 */
#ifndef PUSH_DB_CONN_H
#define PUSH_DB_CONN_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "push/links/query.h"
#include "push/net/loop.h"

enum {
	DB_CONN_BATCH_MOST = 64, /* queries in a batch */
	DB_CONN_BATCHES = 2,	 /* batches in flight */
	DB_CONN_PAUSE_MS = 250,
	DB_CONN_PAUSE_MOST_MS = 1000,
	DB_CONN_ASKS = 8, /* attempts for a query whose connection breaks each time */
};

struct db_conn_batch {
	struct query *list[DB_CONN_BATCH_MOST];
	int count, answered;
	int64_t sent_us;
	/* first batch of a connection: session settings and statements, no queries */
	bool prepares;
	bool lost; /* its queries are answered as lost, and its results are dropped */
};

/* Treatment of a late batch. */
enum db_conn_kind {
	DB_CONN_DROPPED, /* the connection is closed and made again */
	/* the connection waits; until then all its queries are answered as lost */
	DB_CONN_KEPT,
	DB_CONN_PATIENT, /* the connection waits; the caller watches the time (message_writer.c) */
};

enum db_conn_state { DB_CONN_DOWN, DB_CONN_RESOLVING, DB_CONN_CONNECTING, DB_CONN_PREPARING, DB_CONN_READY };

struct db_conn {
	struct watch watch;
	struct timer timer; /* next attempt, or time limit of the current one */
	const char *application;
	enum db_conn_kind kind;
	enum db_conn_state state;
	PGconn *db;
	struct query_queue waiting;
	struct db_conn_batch batches[DB_CONN_BATCHES]; /* oldest first */
	int in_flight;
	int64_t oldest_ms; /* time when batches[0] became the oldest */
	int64_t pause_ms;
	bool want_write;
	bool told; /* its loss was logged */
	bool late; /* a batch is late, on a connection that is kept */
	bool closing;
};

/* Begins to connect. The connection is all zero before. */
void db_conn_open(struct db_conn *l, const char *application, enum db_conn_kind kind);

/* Disconnects and answers all queries as lost. */
void db_conn_close(struct db_conn *l);

/* Sends waiting queries while a batch is free. */
void db_conn_send(struct db_conn *l);

/*
 * Answers queries that waited too long, and checks whether the oldest batch is late. Called twice a
 * second.
 */
void db_conn_check(struct db_conn *l);

/* Returns the amount of work of a connection, to compare connections of one kind. */
int db_conn_load(const struct db_conn *l);

/*
 * Returns whether the connection is connected and no batch has been in flight for longer than
 * within_us.
 */
bool db_conn_answers(const struct db_conn *l, int64_t within_us);

#endif
