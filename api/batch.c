/* SPDX-License-Identifier: MIT */
/* A batch of sends as one statement, and what to do when it fails. */
#include "batch.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "lib/identifier.h"
#include "lib/sends.h"
#include "lib/settings.h"
#include "metrics.h"
#include "redis.h"

enum {
	ALONE_TRIES = 5, /* when deadlocked */
	ALONE_PAUSE_US = 20 * 1000,
};

/* Runs n sends as one statement. Unless all is done, nothing of it is, or (LINK_LOST) it is not known. */
static enum link_fate
batch_commit(struct link *l, struct send **batch, int n)
{
	int64_t deadline = time_steady_ms() + settings.api_wait_ms + LINK_GRACE_MS;
	struct param params[SENDS_PARAMS];
	struct sends sends = { 0 };
	PGresult *result;

	if (!link_ready(l))
		return LINK_LOST;
	for (int i = 0; i < n; i++) {
		const struct send_input *in = batch[i]->in;
		sends_add(&sends, in->conversation, in->user, in->client_id, in->text, in->data, in->reply_to);
	}
	for (int i = 0; i < SENDS_PARAMS; i++)
		params[i] = param_text(sends_param(&sends, i));
	histogram_add(&metrics->batch_sizes, HISTOGRAM_NUMBERS, n);
	enum link_fate fate = link_run(l, STATEMENT_MESSAGES_SEND, params, SENDS_PARAMS, deadline, &result);
	sends_free(&sends);
	if (fate == LINK_LOST || fate == LINK_STALE)
		link_drop(l);
	if (fate != LINK_DONE) {
		PQclear(result);
		return fate;
	}
	assert(PQntuples(result) == n);
	for (int i = 0; i < n; i++) {
		batch[i]->result = result;
		batch[i]->row = i;
	}
	return LINK_DONE;
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

/* Runs one send on its own, again while that can help. It is safe: its client_id is a message once, however often it is run. */
static void
send_alone(struct link *l, struct send *s)
{
	enum link_fate fate;
	int again = 0;

	while ((fate = batch_commit(l, &s, 1)) != LINK_DONE) {
		bool retry = fate == LINK_LOST || ((fate == LINK_AGAIN || fate == LINK_STALE) && again++ < ALONE_TRIES);
		if (!retry || time_steady_ms() >= s->deadline)
			break;
		nanosleep(&(struct timespec){ 0, ALONE_PAUSE_US * 1000 }, NULL);
	}
	s->error = fate_error(fate);
}

/* A batch that has failed as a whole is run one by one: whoever it failed by fails alone. */
void
batch_run(struct link *l, struct send **batch, int n)
{
	if (batch_commit(l, batch, n) == LINK_DONE)
		return;
	for (int i = 0; i < n; i++)
		send_alone(l, batch[i]);
}

const char *
send_column(const struct send *s, enum send_column column)
{
	return !s->result || PQgetisnull(s->result, s->row, column) ? NULL : PQgetvalue(s->result, s->row, column);
}

void
send_clear(struct send *s)
{
	if (s->result && s->row == PQntuples(s->result) - 1)
		PQclear(s->result);
	s->result = NULL;
}

void
batch_publish(struct send **batch, int n)
{
	char channel[32];

	redis_rings_begin();
	for (int i = 0; i < n; i++) {
		const char *event = send_column(batch[i], SEND_EVENT);
		if (!event)
			continue;
		snprintf(channel, sizeof channel, "c:%ld", (long)batch[i]->in->conversation);
		redis_ring(channel, event);
	}
	redis_rings_end();
}
