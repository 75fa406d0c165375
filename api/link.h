/* SPDX-License-Identifier: MIT */
/*
 * A database connection that reconnects on demand. It prepares each statement on first use. Every
 * wait has a deadline (ms on the steady clock). One thread at a time may use it.
 */
#ifndef API_LINK_H
#define API_LINK_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/sqlstate.h"
#include "statements.h"

struct link {
	PGconn *db; /* NULL: not connected */
	bool prepared[STATEMENTS];
	struct link *next; /* for the owner's list of idle links */
	/* The statement that the server is executing. */
	enum link_stage { LINK_IDLE, LINK_PREPARES, LINK_RUNS } stage;
	enum statement statement;
	int64_t asked_us;
	PGresult *result;
};

/* Returns whether there is a connection that is not known to be broken. Does not wait. */
bool link_lives(struct link *l);

/*
 * Ensures such a connection. Tries to connect once, until the deadline or DATABASE_CONNECT_MS are
 * over. An attempt has two seconds even so: if each were given up too early, there would never be a
 * connection. Returns false at once within 100 ms after a failed attempt of any link.
 */
bool link_ready(struct link *l, int64_t deadline) __attribute__((warn_unused_result));

/* Closes the connection. The next link_ready opens another one. */
void link_drop(struct link *l);

/*
 * Prepares and sends a statement, and waits for its result. The caller clears *result after every
 * outcome; it is NULL when the link is lost or late.
 * A late link is kept. Closing it would leave a server process behind, which may wait in its commit
 * as long as a standby is lost. A cancel request would make that process report the commit as done.
 */
enum link_fate link_run(struct link *l, enum statement s, const struct param *params, int n, int64_t deadline, PGresult **result)
	__attribute__((warn_unused_result));

/*
 * Waits further for a late link. A statement whose preparation was late has not been sent. It then
 * counts as slow.
 */
enum link_fate link_await(struct link *l, int64_t deadline, PGresult **result) __attribute__((warn_unused_result));

#endif
