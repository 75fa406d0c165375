/* SPDX-License-Identifier: MIT */
/* A batch of sends as one transaction in libpq's pipeline, and what to do when it fails. */
#include "batch.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "lib/identifier.h"
#include "lib/settings.h"
#include "redis.h"

enum {
	ALONE_TRIES = 5, /* when deadlocked */
	ALONE_PAUSE_US = 20 * 1000,
};

/* Conversation first, so that no two batches wait for each other; then sender, whose row is locked after it. */
static bool
send_before(const struct send *a, const struct send *b)
{
	if (a->in->conversation != b->in->conversation)
		return a->in->conversation < b->in->conversation;
	return a->in->user < b->in->user;
}

/* Stable: what one sender sent first goes first. */
static void
batch_sort(struct send **batch, int n)
{
	for (int i = 1; i < n; i++) {
		struct send *s = batch[i];
		int at = i;
		for (; at > 0 && send_before(s, batch[at - 1]); at--)
			batch[at] = batch[at - 1];
		batch[at] = s;
	}
}

static bool
batch_write(struct link *l, struct send **batch, int n)
{
	for (int i = 0; i < n; i++) {
		const struct send_input *in = batch[i]->in;
		struct param params[] = {
			param_id(in->conversation), param_id(in->user),	  param_text(in->client_id),
			param_text(in->text),	    param_text(in->data), param_id(in->reply_to),
		};
		if (!link_send(l, STATEMENT_MESSAGE_SEND, params, 6))
			return false;
	}
	return link_sync(l);
}

static void
batch_clear(struct send **batch, int n)
{
	for (int i = 0; i < n; i++) {
		PQclear(batch[i]->result);
		batch[i]->result = NULL;
	}
}

/*
 * Reads the results of all, up to that of the Sync, which comes after COMMIT: only then is anything acknowledged. *failed is the first one
 * that was refused.
 */
static enum link_fate
batch_read(struct link *l, struct send **batch, int n, int64_t deadline, int *failed)
{
	enum link_fate fate = LINK_DONE;
	bool lost = false;
	PGresult *result;

	for (int i = 0; i < n && !lost; i++) {
		batch[i]->result = link_result(l, deadline, &lost);
		if (!lost && (result = link_result(l, deadline, &lost))) /* the NULL that ends a statement's results */
			PQclear(result);
		if (lost || fate != LINK_DONE)
			continue;
		fate = batch[i]->result ? link_fate(batch[i]->result, STATEMENT_MESSAGE_SEND) : LINK_LOST;
		*failed = i;
	}
	result = lost ? NULL : link_result(l, deadline, &lost);
	bool synced = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
	PQclear(result);
	return synced ? fate : LINK_LOST;
}

static enum link_fate
batch_prepare(struct link *l, int64_t deadline)
{
	if (!link_ready(l))
		return LINK_LOST;
	if (l->pipeline)
		return LINK_DONE;
	enum link_fate fate = link_prepare(l, STATEMENT_MESSAGE_SEND, deadline);
	return fate == LINK_DONE && !link_pipeline(l) ? LINK_LOST : fate;
}

/* Runs n sends as one transaction. Unless all is done, nothing of it is, or (LINK_LOST) it is not known. */
static enum link_fate
batch_commit(struct link *l, struct send **batch, int n, int *failed)
{
	int64_t deadline = time_steady_ms() + settings.api_wait_ms + LINK_GRACE_MS;

	*failed = 0;
	enum link_fate fate = batch_prepare(l, deadline);
	if (fate == LINK_DONE)
		fate = batch_write(l, batch, n) ? batch_read(l, batch, n, deadline, failed) : LINK_LOST;
	if (fate != LINK_DONE)
		batch_clear(batch, n);
	if (fate == LINK_LOST || fate == LINK_STALE)
		link_drop(l);
	return fate;
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
	int failed, again = 0;

	while ((fate = batch_commit(l, &s, 1, &failed)) != LINK_DONE) {
		bool retry = fate == LINK_LOST || ((fate == LINK_AGAIN || fate == LINK_STALE) && again++ < ALONE_TRIES);
		if (!retry || time_steady_ms() >= s->deadline)
			break;
		nanosleep(&(struct timespec){ 0, ALONE_PAUSE_US * 1000 }, NULL);
	}
	s->error = fate_error(fate);
}

/* May running it again lead to something else? */
static bool
fate_open(enum link_fate fate)
{
	return fate == LINK_AGAIN || fate == LINK_STALE || fate == LINK_LOST;
}

/* The batch has failed as a whole: each on its own, and the one that it failed by last, unless its own fate is known. */
static void
batch_alone(struct link *l, struct send **batch, int n, enum link_fate fate, int failed)
{
	for (int i = 0; i < n; i++)
		if (i != failed)
			send_alone(l, batch[i]);
	if (fate_open(fate))
		send_alone(l, batch[failed]);
	else
		batch[failed]->error = fate_error(fate);
}

void
batch_run(struct link *l, struct send **batch, int n)
{
	int failed;

	batch_sort(batch, n);
	enum link_fate fate = batch_commit(l, batch, n, &failed);
	if (fate != LINK_DONE)
		batch_alone(l, batch, n, fate, failed);
}

static bool
send_created(const struct send *s)
{
	return s->result && !PQgetisnull(s->result, 0, 2);
}

void
batch_publish(struct send **batch, int n)
{
	char channel[32];

	redis_rings_begin();
	for (int i = 0; i < n; i++) {
		if (!send_created(batch[i]))
			continue;
		snprintf(channel, sizeof channel, "c:%ld", (long)batch[i]->in->conversation);
		redis_ring(channel, PQgetvalue(batch[i]->result, 0, 2));
	}
	redis_rings_end();
}
