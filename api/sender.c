/* SPDX-License-Identifier: MIT */
/* Group commit: a queue, and leaders that take from it. */
#include "sender.h"

#include <assert.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/identifier.h"
#include "lib/limits.h"
#include "lib/memory.h"
#include "lib/settings.h"
#include "link.h"
#include "redis.h"

enum {
	BATCH_MAX = 256,	 /* as settings.c limits settings.api_send_batch */
	BATCH_BYTES = 256 * KIB, /* of texts in one batch, so that a few large ones do not keep many small ones waiting */
	GRACE_MS = 1000,	 /* so that the server's own timeout comes first */
	LATE_MS = 50,		 /* a batch that takes so long is stuck, perhaps behind a lock: others go past it */
	ALONE_TRIES = 5,	 /* when deadlocked */
	ALONE_PAUSE_US = 20 * 1000,
};

enum send_state {
	SEND_QUEUED, /* nobody has taken it */
	SEND_CALLED, /* its owner is asked to lead: a link is free */
	SEND_TAKEN,  /* in a batch */
	SEND_DONE,   /* its result is there; the owner may go, nobody else touches it any more */
};

/* Stands on the stack of the thread that wants to send. */
struct send {
	const struct send_input *in;
	_Atomic int state; /* also the futex that its owner sleeps on */
	int64_t deadline;
	PGresult *result;
	enum error error;
	struct send *next;
};

static struct {
	pthread_mutex_t lock;
	struct send *first, **last; /* queued, in the order of coming */
	int queued;
	struct link *links, *idle;
	int busy;	  /* links that run a batch */
	int64_t since_ms; /* when the last of them began */
} sender = { .lock = PTHREAD_MUTEX_INITIALIZER, .last = &sender.first };

void
sender_open(void)
{
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

/* ---- one batch ---- */

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
	int64_t deadline = time_steady_ms() + settings.api_wait_ms + GRACE_MS;

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

static bool
send_created(const struct send *s)
{
	return s->result && !PQgetisnull(s->result, 0, 2);
}

static void
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

static void
batch_run(struct link *l, struct send **batch, int n)
{
	enum link_fate fate;
	int failed;

	batch_sort(batch, n);
	fate = batch_commit(l, batch, n, &failed);
	if (fate != LINK_DONE)
		batch_alone(l, batch, n, fate, failed);
	batch_publish(batch, n);
}

/* ---- the queue ---- */

/* Sleeps as long as the state stays what it is. One in a batch: until its leader is through. A queued one: until it is late or too late. */
static void
send_sleep(struct send *s, enum send_state state)
{
	int64_t left = s->deadline - time_steady_ms();
	struct timespec limit = { 0, (left < LATE_MS ? left : LATE_MS) * 1000000 };

	if (state == SEND_QUEUED && left <= 0)
		return;
	syscall(SYS_futex, &s->state, FUTEX_WAIT_PRIVATE, state, state == SEND_QUEUED ? &limit : NULL, NULL, 0);
}

/* Sets the state and wakes the owner. After SEND_DONE *s is gone; waking by its address is harmless then. */
static void
send_enter(struct send *s, enum send_state state)
{
	atomic_store_explicit(&s->state, state, memory_order_release);
	syscall(SYS_futex, &s->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static enum send_state
send_state(struct send *s)
{
	return (enum send_state)atomic_load_explicit(&s->state, memory_order_acquire);
}

/* Everything below runs under the lock. */

static void
queue_add(struct send *s)
{
	*sender.last = s;
	sender.last = &s->next;
	sender.queued++;
}

static int
queue_take(struct send **batch)
{
	size_t bytes = 0;
	int n = 0;

	while (sender.first && n < settings.api_send_batch && (n == 0 || bytes + strlen(sender.first->in->text) <= BATCH_BYTES)) {
		struct send *s = batch[n++] = sender.first;
		bytes += strlen(s->in->text);
		atomic_store_explicit(&s->state, SEND_TAKEN, memory_order_relaxed);
		sender.first = s->next;
	}
	if (!sender.first)
		sender.last = &sender.first;
	sender.queued -= n;
	return n;
}

static void
queue_remove(struct send *s)
{
	struct send **at = &sender.first;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	if (!*at)
		sender.last = at;
	sender.queued--;
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

/* The owner of the first is to lead, if a batch is due. Whoever comes by meanwhile may do it too. */
static void
queue_call(void)
{
	if (queue_due() && send_state(sender.first) == SEND_QUEUED)
		send_enter(sender.first, SEND_CALLED);
}

/* ---- sending ---- */

/* Takes a batch, if one is due, and runs it. With the lock; gives it up meanwhile. */
static bool
sender_lead(struct send *own)
{
	struct send *batch[BATCH_MAX];
	struct link *l = sender.idle;
	int n;

	if (!queue_due())
		return false;
	sender.idle = l->next;
	sender.busy++;
	sender.since_ms = time_steady_ms();
	n = queue_take(batch);
	pthread_mutex_unlock(&sender.lock);

	batch_run(l, batch, n);

	/* the link first, so that the next batch is under way while the owners of this one wake up */
	pthread_mutex_lock(&sender.lock);
	l->next = sender.idle;
	sender.idle = l;
	sender.busy--;
	queue_call();
	pthread_mutex_unlock(&sender.lock);
	for (int i = 0; i < n; i++) {
		if (batch[i] != own)
			send_enter(batch[i], SEND_DONE);
		else
			atomic_store_explicit(&own->state, SEND_DONE, memory_order_relaxed);
	}
	pthread_mutex_lock(&sender.lock);
	return true;
}

/* Too late: a send that nobody has taken is withdrawn. With the lock. */
static bool
sender_withdraw(struct send *s)
{
	if (send_state(s) == SEND_TAKEN || send_state(s) == SEND_DONE || time_steady_ms() < s->deadline)
		return false;
	queue_remove(s);
	queue_call();
	s->error = ERROR_UNAVAILABLE;
	return true;
}

/* Queues the send and waits until it is done, leading whenever there is something to lead. */
static void
sender_wait(struct send *s)
{
	enum send_state state;

	pthread_mutex_lock(&sender.lock);
	queue_add(s);
	while ((state = send_state(s)) != SEND_DONE) {
		if (state != SEND_TAKEN) {
			if (sender_lead(s))
				continue;
			if (sender_withdraw(s))
				break;
			atomic_store_explicit(&s->state, state = SEND_QUEUED, memory_order_relaxed);
		}
		pthread_mutex_unlock(&sender.lock);
		send_sleep(s, state);
		if (send_state(s) == SEND_DONE)
			return;
		pthread_mutex_lock(&sender.lock);
	}
	pthread_mutex_unlock(&sender.lock);
}

/* The statuses of message_send. */
static void
sent_read(struct sent *out, const PGresult *result)
{
	const char *status = PQgetvalue(result, 0, 0);

	out->created = strcmp(status, "created") == 0;
	if (out->created || strcmp(status, "repeated") == 0)
		out->message = PQgetvalue(result, 0, 1);
	else
		out->error = error_find(status);
	if (!out->message && !out->error)
		out->error = ERROR_INTERNAL;
}

struct sent
sender_send(const struct send_input *in)
{
	struct send s = { .in = in, .state = SEND_QUEUED, .deadline = time_steady_ms() + settings.api_wait_ms };

	sender_wait(&s);
	struct sent out = { .error = s.error, .held = s.result };
	if (!out.error)
		sent_read(&out, s.result);
	return out;
}

void
sent_free(void *held)
{
	PQclear(held);
}
