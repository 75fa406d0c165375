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

#include "statements.h"

enum { STORE_PARAMS = 6, STORE_SENDERS = 2 };

/*
 * The answer to a question, after its transaction has committed. NULL: the database did not answer in time, or refused (which is
 * logged). The result (result.h reads it) is freed afterwards.
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

/* Can it be asked for all but messages, whose connections are their own? */
bool store_is_up(void);

/* Do all connections stand, and has every batch that is under way been for a second at most? */
bool store_answers(void);

/* Is everything answered that can be? */
bool store_is_idle(void);

/* Sends what this turn has queued. */
void store_turn_end(void);

#endif
