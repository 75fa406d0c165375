/* SPDX-License-Identifier: MIT */
/*
 * A batch of sends as one statement, and what follows its failure.
 *
 * 1. The statement is one transaction: it stores every send of the batch, or none. After DB_LOST
 *    and DB_LATE it is not known which.
 * 2. A send may be repeated without harm: the database stores a client_id once, however often it is
 *    sent.
 * 3. After a deadlock, or when its prepared statement has become stale, each send is repeated up to
 *    SEND_TRIES times.
 * 4. After any other failure the sends are repeated in batches of half the size. So a send that
 *    causes the failure ends up alone, and gets the error.
 * 5. After a lost connection a send that is alone is repeated too, until its deadline.
 */
#include "api/messages/writer_batch.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "api/links/metrics.h"
#include "api/links/redis.h"
#include "lib/chat/message_batch.h"

/*
 * Ends a step of the statement. Keeps the result only if it succeeded, and the connection only if
 * it still works.
 */
static enum db_outcome
writer_batch_step(struct db_sync *c, struct writer_batch *b, enum db_outcome outcome)
{
	if (outcome == DB_LOST || outcome == DB_STALE)
		db_sync_drop(c);
	if (outcome == DB_DONE)
		assert(PQntuples(b->result) == b->count);
	else
		PQclear(b->result);
	if (outcome != DB_DONE)
		b->result = NULL;
	return outcome;
}

enum db_outcome
writer_batch_run(struct db_sync *c, struct writer_batch *b, int wait_ms)
{
	struct param params[MESSAGE_BATCH_PARAMS];
	struct message_batch drafts = { 0 };

	b->count = b->sends.count;
	b->result = NULL;
	for (int i = 0; i < b->count; i++) {
		const struct message_draft *d = ((struct send *)b->sends.entries[i])->draft;
		message_batch_add(&drafts, d);
		b->conversations[i] = d->conversation;
		b->answered[i] = NULL;
	}
	message_batch_wait(&drafts, wait_ms);
	for (int i = 0; i < MESSAGE_BATCH_PARAMS; i++)
		params[i] = param_text(message_batch_param(&drafts, i));
	histogram_add(&metrics->batch_sizes, HISTOGRAM_NUMBERS, b->count);
	enum db_outcome outcome = db_sync_run(c, STATEMENT_MESSAGES_SEND, params, MESSAGE_BATCH_PARAMS, send_batch_deadline(&b->sends), &b->result);
	message_batch_free(&drafts);
	return writer_batch_step(c, b, outcome);
}

enum db_outcome
writer_batch_await(struct db_sync *c, struct writer_batch *b, int64_t deadline)
{
	return writer_batch_step(c, b, db_sync_await(c, deadline, &b->result));
}

static enum error
outcome_error(enum db_outcome outcome)
{
	switch (outcome) {
	case DB_DONE:
		return ERROR_NONE;
	case DB_INVALID:
		return ERROR_INVALID_BODY;
	case DB_BUG:
	case DB_REFUSED:
		return ERROR_INTERNAL;
	default:
		return ERROR_UNAVAILABLE;
	}
}

/* Returns whether a send may be repeated after its batch has failed. */
static bool
send_again(const struct writer_batch *b, struct send *s, enum db_outcome outcome)
{
	if (outcome == DB_AGAIN || outcome == DB_STALE)
		return s->tries++ < SEND_TRIES;
	return b->count > 1 || outcome == DB_LOST;
}

/* Halves the batches of the remaining sends after most failures: see the top of this file. */
void
writer_batch_judge(struct writer_batch *b, enum db_outcome outcome)
{
	for (int i = 0; i < b->count; i++) {
		struct send *s = (struct send *)b->sends.entries[i];
		if (!s)
			continue;
		const char *status = writer_batch_column(b, i, SEND_STATUS);
		if (status && strcmp(status, "busy") == 0) {
			b->sends.busy[i] = true;
			metrics_count(&metrics->send_busy);
			continue;
		}
		if (!status && send_again(b, s, outcome))
			continue;
		s->error = outcome_error(outcome);
		b->answered[i] = (struct send *)send_batch_take(&b->sends, i);
	}
	if (!b->result && outcome != DB_AGAIN && outcome != DB_STALE)
		send_batch_halve(&b->sends);
}

const char *
writer_batch_column(const struct writer_batch *b, int i, enum send_column column)
{
	return !b->result || PQgetisnull(b->result, i, column) ? NULL : PQgetvalue(b->result, i, column);
}

void
writer_batch_publish(const struct writer_batch *b)
{
	char channel[32];

	redis_publish_begin();
	for (int i = 0; i < b->count; i++) {
		const char *event = writer_batch_column(b, i, SEND_EVENT);
		if (!event)
			continue;
		snprintf(channel, sizeof channel, "c:%ld", (long)b->conversations[i]);
		redis_publish(channel, event);
	}
	redis_publish_end();
}
