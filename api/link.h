/* SPDX-License-Identifier: MIT */
/*
 * A link to PostgreSQL that comes back: it connects when it is needed, prepares each statement on its first use, and every wait has a
 * deadline (ms on the steady clock). One thread at a time.
 */
#ifndef API_LINK_H
#define API_LINK_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "statements.h"

/* How much longer than settings.api_wait_ms an answer is waited for, so that the server's own timeout comes first. */
enum { LINK_GRACE_MS = 1000 };

struct link {
	PGconn *db; /* NULL: not connected */
	bool prepared[STATEMENTS];
	struct link *next; /* for the owner's list of idle links */
};

/* What became of a statement. */
enum link_fate {
	LINK_DONE,
	LINK_REFUSED, /* BN000: the caller's mistake, named by the error's message */
	LINK_INVALID, /* a value that the database does not take */
	LINK_AGAIN,   /* deadlock, serialization: rolled back, may be tried again */
	LINK_STALE,   /* what was prepared is out of date: may be tried again on a new connection */
	LINK_SLOW,    /* took too long, rolled back */
	LINK_LOST,    /* the connection is gone; whether it was done is not known */
	LINK_BUG,     /* anything else: logged */
};

/*
 * Makes sure that there is a connection which is not known to be dead; tries to connect once. Not sooner than 100 ms after a try of any
 * link that failed: false at once then.
 */
bool link_ready(struct link *l) __attribute__((warn_unused_result));

/* Forgets the connection. The next link_ready makes another. */
void link_drop(struct link *l);

/* Prepares, sends and waits: the result in *result, to be cleared by the caller whatever its fate (NULL when lost). */
enum link_fate link_run(struct link *l, enum statement s, const struct param *params, int n, int64_t deadline, PGresult **result)
	__attribute__((warn_unused_result));

#endif
