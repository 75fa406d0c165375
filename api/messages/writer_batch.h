/* SPDX-License-Identifier: MIT */
/* Sends that are stored by one statement: one commit, one flush and one round trip for all. */
#ifndef API_WRITER_BATCH_H
#define API_WRITER_BATCH_H

#include <libpq-fe.h>

#include "api/links/db_sync.h"
#include "api/messages/send_result.h"
#include "lib/chat/message_draft.h"
#include "lib/chat/send_queue.h"

/* The columns of messages_send. */
enum send_column { SEND_STATUS, SEND_MESSAGE, SEND_EVENT };

/* A send in progress. It lives in its request's arena. */
struct send {
	struct send_entry entry; /* first, because the queue returns it */
	struct request *request;
	const struct message_draft *draft;
	send_reply *reply;
	int tries; /* repeats after a deadlock or a stale statement */
	enum error error;
};

struct writer_batch {
	struct send_batch sends;
	int count;
	int64_t conversations[SEND_BATCH_MOST];
	struct send *answered[SEND_BATCH_MOST]; /* NULL: not answered by the end of this batch */
	PGresult *result;			/* of messages_send; NULL: it has failed */
};

/* Runs the sends as one statement, up to the earliest of their deadlines. */
enum db_outcome writer_batch_run(struct db_sync *c, struct writer_batch *b, int wait_ms) __attribute__((warn_unused_result));

/* Waits further for a late batch. */
enum db_outcome writer_batch_await(struct db_sync *c, struct writer_batch *b, int64_t deadline) __attribute__((warn_unused_result));

/*
 * Moves each send that has a result or an error from sends to answered. The others will be
 * repeated.
 */
void writer_batch_judge(struct writer_batch *b, enum db_outcome outcome);

/* Returns a column of a send's row, or NULL for null and for a missing row. */
const char *writer_batch_column(const struct writer_batch *b, int i, enum send_column column);

/*
 * Publishes the new messages of a batch, also those whose sends were answered earlier because they
 * were late.
 */
void writer_batch_publish(const struct writer_batch *b);

#endif
