/* SPDX-License-Identifier: MIT */
/*
 * PostgreSQL for the loop: questions are queued, sent in batches through libpq's pipeline mode, and answered by a call back.
 * A batch is one transaction; when one question of it fails, all are asked again one by one, each on its own.
 */
#ifndef PUSH_STORE_H
#define PUSH_STORE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum store_statement {
	STORE_HORIZON,
	STORE_REVOKED,
	STORE_TICKET,
	STORE_OPEN,
	STORE_SYNC,
	STORE_RANGE,
	STORE_HEADS,
	STORE_MEMBERS,
	STORE_COUNTS,
	STORE_ALLOWED,
	STORE_SEEN,
	STORE_DELIVER,
	STORE_SEND,
	STORE_STATEMENTS
};

enum { STORE_PARAMS = 6, STORE_SENDERS = 2 };

/*
 * The answer to a question, after its transaction has committed. NULL: the database did not answer in time, or refused (which is
 * logged). The result is freed afterwards.
 */
typedef void store_reply(void *context, PGresult *result);

/*
 * Asks. params: as many texts as the statement takes (NULL for null); copied. Answered within within_ms as long as the database is away;
 * reply is always called once, never from inside of store_ask.
 * STORE_SEND has STORE_SENDERS connections and is asked on one that is free: what is under way there at once must not depend on each other.
 */
void store_ask(enum store_statement statement, const char *const *params, int64_t within_ms, store_reply *reply, void *context);

/* Opens the connections (the first time waits for the horizon, see sweep.c), closes them. */
void store_open(void);
void store_close(void);
bool store_is_up(void);

/* Is it up, and has every batch that is under way been for a second at most? */
bool store_answers(void);

/* Is everything answered that can be? */
bool store_is_idle(void);

/* Sends what this turn has queued. */
void store_turn_end(void);

/* What a result holds, which comes in PostgreSQL's binary format: an id, number or boolean (null: 0). Texts and json are as they are. */
int64_t store_int(const PGresult *result, int row, int column);

/* How many elements an array has (null: 0), and one of them. The array is of one dimension and has no nulls. */
int store_count(const PGresult *result, int row, int column);
int64_t store_element(const PGresult *result, int row, int column, int i);

/* Who has left with an event of a result, as lib/doorbell.h has it. */
int64_t store_gone(const PGresult *result, int row, int column);

#endif
