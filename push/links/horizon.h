/* SPDX-License-Identifier: MIT */
/*
 * Horizon and incarnation of the present database, as the sweep has last read them.
 *
 * A new connection may lead to another database. So both are unknown from then until the sweep has
 * read them again.
 */
#ifndef PUSH_HORIZON_H
#define PUSH_HORIZON_H

#include <stdbool.h>
#include <stdint.h>

/* Sets the function that is called after each new connection to the database. */
void horizon_open(void (*connected)(void));

/*
 * Notes a new connection to the database, or a doubt about it. The horizon and the incarnation are
 * read before anything is concluded.
 */
void horizon_connected(void);

/*
 * Returns how often the database was connected. A query of before the last time may have been
 * answered by another one.
 */
uint32_t horizon_connects(void);

/* Takes what the sweep has read since the last connection. */
void horizon_learn(int64_t horizon, int64_t incarnation);

/*
 * Sets whether the database has what this process has delivered. Its incarnation is unknown while
 * that is not proven.
 */
void horizon_prove(bool is_proven);

/*
 * Returns the latest horizon. Queries from now on see all events below it. 0: it was not read since
 * the last connection.
 */
int64_t horizon_latest(void);

/*
 * Returns the incarnation of the present database, or HORIZON_UNKNOWN. Cursors of version 1 have
 * incarnation 0, so 0 is not used for that.
 */
enum { HORIZON_UNKNOWN = -1 };
int64_t horizon_incarnation(void);

/* Begins a round of the sweep; returns the number of the current or last one. */
uint32_t horizon_round_begin(void);
uint32_t horizon_round(void);

#endif
