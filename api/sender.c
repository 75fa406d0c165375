/* SPDX-License-Identifier: MIT */
/* Group commit: a queue of sends, and the threads that take from it. */
#include "sender.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "lib/identifier.h"
#include "lib/limits.h"
#include "lib/memory.h"
#include "lib/settings.h"
#include "reply.h"
#include "seats.h"
#include "steady.h"

enum {
	BATCH_MAX = 256,	 /* as settings.c limits settings.api_send_batch */
	BATCH_BYTES = 256 * KIB, /* of texts in one batch, so that a few large ones do not keep many small ones waiting */
	LATE_MS = 50,		 /* a batch that takes so long is stuck, perhaps behind a lock: others go past it */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t work;	    /* something for sender_run */
	pthread_cond_t room;	    /* the queue is shorter */
	struct send *first, **last; /* queued, in the order of coming: the first is the first to be too late */
	int queued;
	struct link *links, *idle;
	int busy;	  /* links that run a batch */
	int64_t since_ms; /* when the last of them began */
	bool stop;
} sender = { .lock = PTHREAD_MUTEX_INITIALIZER, .room = PTHREAD_COND_INITIALIZER, .last = &sender.first };

void
sender_open(void)
{
	steady_cond_init(&sender.work);
	sender.links = memory_alloc((size_t)settings.api_send_connections * sizeof *sender.links);
	for (long i = 0; i < settings.api_send_connections; i++) {
		sender.links[i].next = sender.idle;
		sender.idle = &sender.links[i];
	}
}

void
sender_close(void)
{
	for (long i = 0; i < settings.api_send_connections; i++)
		link_drop(&sender.links[i]);
	free(sender.links);
}

/* ---- answering ---- */

/* The statuses of messages_send. */
static struct sent
sent_of(const struct send *s)
{
	struct sent out = { .error = s->error };

	if (out.error)
		return out;
	const char *status = send_column(s, SEND_STATUS);
	out.created = strcmp(status, "created") == 0;
	if (out.created || strcmp(status, "repeated") == 0)
		out.message = send_column(s, SEND_MESSAGE);
	else
		out.error = error_find(status);
	if (!out.message && !out.error)
		out.error = ERROR_INTERNAL;
	return out;
}

/* The end of a send: its request is answered and free for another. */
static void
send_answer_now(struct send *s)
{
	struct request *r = s->request;
	struct sent sent = sent_of(s);
	struct send kept = *s; /* its own memory goes with the request's */

	s->answer(r, &sent);
	reply_finish(r);
	send_clear(&kept);
	request_give(r);
}

/* ---- the queue: everything here runs under the lock ---- */

static void
queue_add(struct send *s)
{
	*sender.last = s;
	sender.last = &s->next;
	sender.queued++;
}

static struct send *
queue_take(void)
{
	struct send *s = sender.first;

	sender.first = s->next;
	if (!sender.first)
		sender.last = &sender.first;
	if (sender.queued-- == settings.api_send_queue)
		pthread_cond_broadcast(&sender.room);
	return s;
}

static int
queue_take_batch(struct send **batch)
{
	size_t bytes = 0;
	int n = 0;

	while (sender.first && n < settings.api_send_batch && (n == 0 || bytes + strlen(sender.first->in->text) <= BATCH_BYTES)) {
		bytes += strlen(sender.first->in->text);
		batch[n++] = queue_take();
	}
	return n;
}

/*
 * Is a batch to begin? The first link, always. A further one when a whole batch waits for it, or when the last one to begin is late: two half
 * batches cost more than a whole one, and what comes meanwhile is the next.
 */
static bool
queue_due(void)
{
	if (!sender.first || !sender.idle)
		return false;
	return !sender.busy || sender.queued >= settings.api_send_batch || time_steady_ms() - sender.since_ms >= LATE_MS;
}

/* When the queue has to be looked at, though nothing happens: the first send is too late, or the batch before it is. */
static int64_t
queue_deadline(void)
{
	int64_t late = sender.since_ms + LATE_MS, too_late = sender.first->deadline;

	return sender.idle && late < too_late ? late : too_late;
}

/* ---- the sender's threads: with the lock, given up meanwhile ---- */

/* Takes a batch and runs it. The link is free again, and the next batch under way on another thread, before this one is answered. */
static void
sender_batch(void)
{
	struct send *batch[BATCH_MAX];
	struct link *l = sender.idle;

	sender.idle = l->next;
	sender.busy++;
	sender.since_ms = time_steady_ms();
	int n = queue_take_batch(batch);
	pthread_mutex_unlock(&sender.lock);

	batch_run(l, batch, n);

	pthread_mutex_lock(&sender.lock);
	l->next = sender.idle;
	sender.idle = l;
	sender.busy--;
	if (queue_due())
		pthread_cond_signal(&sender.work);
	pthread_mutex_unlock(&sender.lock);
	batch_publish(batch, n);
	for (int i = 0; i < n; i++)
		send_answer_now(batch[i]);
	pthread_mutex_lock(&sender.lock);
}

/* The first one has waited too long for a link. */
static void
sender_refuse(void)
{
	struct send *s = queue_take();

	pthread_mutex_unlock(&sender.lock);
	s->error = ERROR_UNAVAILABLE;
	send_answer_now(s);
	pthread_mutex_lock(&sender.lock);
}

static void
sender_rest(void)
{
	if (!sender.first) {
		pthread_cond_wait(&sender.work, &sender.lock);
		return;
	}
	(void)steady_wait(&sender.work, &sender.lock, queue_deadline());
}

/* One more than there are links, so that somebody looks after the queue while all of them are stuck. */
long
sender_threads(void)
{
	return settings.api_send_connections + 1;
}

void
sender_run(void)
{
	pthread_mutex_lock(&sender.lock);
	while (!sender.stop || sender.first) {
		if (queue_due())
			sender_batch();
		else if (sender.first && time_steady_ms() >= sender.first->deadline)
			sender_refuse();
		else
			sender_rest();
	}
	pthread_mutex_unlock(&sender.lock);
}

void
sender_stop(void)
{
	pthread_mutex_lock(&sender.lock);
	sender.stop = true;
	pthread_cond_broadcast(&sender.work);
	pthread_mutex_unlock(&sender.lock);
}

/* ---- sending ---- */

enum reply
sender_send(struct request *r, const struct send_input *in, send_answer *answer)
{
	struct send *s = arena_alloc(&r->arena, sizeof *s);

	*s = (struct send){ .request = r, .in = in, .answer = answer, .deadline = time_steady_ms() + settings.api_wait_ms };
	pthread_mutex_lock(&sender.lock);
	while (sender.queued >= settings.api_send_queue) {
		seat_leave();
		pthread_cond_wait(&sender.room, &sender.lock);
	}
	queue_add(s);
	if (queue_due() || sender.queued == 1) /* the first one's deadlines are somebody's to know */
		pthread_cond_signal(&sender.work);
	pthread_mutex_unlock(&sender.lock);
	return REPLY_LATER;
}
