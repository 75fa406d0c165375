/* SPDX-License-Identifier: MIT */
/*
 * A lane: one connection to PostgreSQL. It sends queries in batches, by libpq's pipeline mode. A
 * batch is one transaction.
 *
 * DOWN ──▶ RESOLVING ──▶ CONNECTING ──▶ PREPARING ──▶ READY      any state ──▶ DOWN by lane_drop
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
 * | READY      | the same, LANE_KEPT                     | READY      | all are lost         |
 * | READY      | the same, LANE_PATIENT                  | READY      | they wait            |
 *
 * A lane that writes is kept when it is late. Its backend may wait in its commit for a lost
 * standby. A cancel would make rows visible that the standby does not have. A disconnect would
 * leave one more such backend with each attempt.
 *
 * A query is sent LANE_ASKS times at most.
 *
 * The pause before the next attempt doubles from LANE_PAUSE_MS to LANE_PAUSE_MOST_MS. A batch that
 * succeeds resets it.
 */
#ifndef PUSH_LANE_H
#define PUSH_LANE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "push/links/question.h"
#include "push/net/loop.h"

enum {
	LANE_BATCH_MOST = 64, /* queries in a batch */
	LANE_BATCHES = 2,     /* batches in flight */
	LANE_PAUSE_MS = 250,
	LANE_PAUSE_MOST_MS = 1000,
	LANE_ASKS = 8, /* attempts for a query whose connection breaks each time */
};

struct lane_batch {
	struct question *list[LANE_BATCH_MOST];
	int count, answered;
	int64_t sent_us;
	bool prepares; /* first batch of a connection: session settings and statements, no queries */
	bool lost;     /* its queries are answered as lost, and its results are dropped */
};

/* Treatment of a late batch. */
enum lane_kind {
	LANE_DROPPED, /* the connection is closed and made again */
	LANE_KEPT,    /* the lane waits; until then all its queries are answered as lost */
	LANE_PATIENT, /* the lane waits; the caller watches the time (message_writer.c) */
};

enum lane_state { LANE_DOWN, LANE_RESOLVING, LANE_CONNECTING, LANE_PREPARING, LANE_READY };

struct lane {
	struct watch watch;
	struct timer timer; /* next attempt, or time limit of the current one */
	const char *application;
	enum lane_kind kind;
	enum lane_state state;
	PGconn *db;
	struct questions waiting;
	struct lane_batch batches[LANE_BATCHES]; /* oldest first */
	int in_flight;
	int64_t oldest_ms; /* time when batches[0] became the oldest */
	int64_t pause_ms;
	bool want_write;
	bool told; /* its loss was logged */
	bool late; /* a batch is late, on a lane that is kept */
	bool closing;
};

/* Begins to connect. The lane is all zero before. */
void lane_open(struct lane *l, const char *application, enum lane_kind kind);

/* Disconnects and answers all queries as lost. */
void lane_close(struct lane *l);

/* Sends waiting queries while a batch is free. */
void lane_send(struct lane *l);

/*
 * Answers queries that waited too long, and checks whether the oldest batch is late. Called twice a
 * second.
 */
void lane_check(struct lane *l);

/* Returns the amount of work of a lane, to compare lanes of one kind. */
int lane_load(const struct lane *l);

/*
 * Returns whether the lane is connected and no batch has been in flight for longer than within_us.
 */
bool lane_answers(const struct lane *l, int64_t within_us);

#endif
