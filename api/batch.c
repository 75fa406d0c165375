/* SPDX-License-Identifier: MIT */
/*
 * A batch of sends as one statement, and what follows its failure.
 *
 * 1. The statement is one transaction: it stores every send of the batch, or none. After LINK_LOST
 *    and LINK_LATE it is not known which.
 * 2. A send may be repeated without harm: the database stores a client_id once, however often it is
 *    sent.
 * 3. After a deadlock, or when its prepared statement has become stale, each send is repeated up to
 *    SEND_TRIES times.
 * 4. After any other failure the sends are repeated in batches of half the size. So a send that
 *    causes the failure ends up alone, and gets the error.
 * 5. After a lost connection a send that is alone is repeated too, until its deadline.
 */
#include "batch.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/sends.h"
#include "metrics.h"
#include "redis.h"

/*
 * Ends a step of the statement. Keeps the result only if it succeeded, and the link only if it
 * still works.
 */
static enum link_fate
batch_step(struct link *l, struct batch *b, enum link_fate fate)
{
	if (fate == LINK_LOST || fate == LINK_STALE)
		link_drop(l);
	if (fate == LINK_DONE)
		assert(PQntuples(b->result) == b->count);
	else
		PQclear(b->result);
	if (fate != LINK_DONE)
		b->result = NULL;
	return fate;
}

enum link_fate
batch_run(struct link *l, struct batch *b, int wait_ms)
{
	struct param params[SENDS_PARAMS];
	struct sends sends = { 0 };

	b->count = b->sends.count;
	b->result = NULL;
	for (int i = 0; i < b->count; i++) {
		const struct send_input *in = ((struct send *)b->sends.entries[i])->in;
		sends_add(&sends, &(struct sends_message){ .conversation = in->conversation,
							   .sender = in->user,
							   .client_id = in->client_id,
							   .text = in->text,
							   .data = in->data,
							   .mentions = in->mentions,
							   .reply_to = in->reply_to });
		b->conversations[i] = in->conversation;
		b->answered[i] = NULL;
	}
	sends_wait(&sends, wait_ms);
	for (int i = 0; i < SENDS_PARAMS; i++)
		params[i] = param_text(sends_param(&sends, i));
	histogram_add(&metrics->batch_sizes, HISTOGRAM_NUMBERS, b->count);
	enum link_fate fate = link_run(l, STATEMENT_MESSAGES_SEND, params, SENDS_PARAMS, send_batch_deadline(&b->sends), &b->result);
	sends_free(&sends);
	return batch_step(l, b, fate);
}

enum link_fate
batch_await(struct link *l, struct batch *b, int64_t deadline)
{
	return batch_step(l, b, link_await(l, deadline, &b->result));
}

static enum error
fate_error(enum link_fate fate)
{
	switch (fate) {
	case LINK_DONE:
		return ERROR_NONE;
	case LINK_INVALID:
		return ERROR_INVALID_BODY;
	case LINK_BUG:
	case LINK_REFUSED:
		return ERROR_INTERNAL;
	default:
		return ERROR_UNAVAILABLE;
	}
}

/* Returns whether a send may be repeated after its batch has failed. */
static bool
send_again(const struct batch *b, struct send *s, enum link_fate fate)
{
	if (fate == LINK_AGAIN || fate == LINK_STALE)
		return s->tries++ < SEND_TRIES;
	return b->count > 1 || fate == LINK_LOST;
}

/* Halves the batches of the remaining sends after most failures: see the top of this file. */
void
batch_judge(struct batch *b, enum link_fate fate)
{
	for (int i = 0; i < b->count; i++) {
		struct send *s = (struct send *)b->sends.entries[i];
		if (!s)
			continue;
		const char *status = batch_column(b, i, SEND_STATUS);
		if (status && strcmp(status, "busy") == 0) {
			b->sends.busy[i] = true;
			metrics_count(&metrics->send_busy);
			continue;
		}
		if (!status && send_again(b, s, fate))
			continue;
		s->error = fate_error(fate);
		b->answered[i] = (struct send *)send_batch_take(&b->sends, i);
	}
	if (!b->result && fate != LINK_AGAIN && fate != LINK_STALE)
		send_batch_halve(&b->sends);
}

const char *
batch_column(const struct batch *b, int i, enum send_column column)
{
	return !b->result || PQgetisnull(b->result, i, column) ? NULL : PQgetvalue(b->result, i, column);
}

void
batch_publish(const struct batch *b)
{
	char channel[32];

	redis_rings_begin();
	for (int i = 0; i < b->count; i++) {
		const char *event = batch_column(b, i, SEND_EVENT);
		if (!event)
			continue;
		snprintf(channel, sizeof channel, "c:%ld", (long)b->conversations[i]);
		redis_ring(channel, event);
	}
	redis_rings_end();
}
