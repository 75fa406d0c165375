/* SPDX-License-Identifier: MIT */
/*
 * Group commit: a queue of sends, and the threads that store them in batches.
 *
 * Terms
 *     send     a message to store, with the request that waits for it (struct send)
 *     conn     one of settings.api_send_connections database connections; it is idle or has a
 *              batch
 *     batch    sends that one statement stores in one transaction (writer_batch.h)
 *     ready    a conversation that no other transaction is known to hold (lib/chat/send_queue.h)
 *     busy     a conversation that another transaction holds
 *     running  a connection whose batch does not wait for locks
 *     waiting  a connection whose batch of busy conversations waits for their locks, for
 *              SEND_WAIT_MS
 *     late     a connection whose batch has not ended after SEND_GRACE_MS, though all sends in it
 *              were answered
 *
 * Invariants
 * 1. Each send that is queued gets one reply: by the end of its batch, or with 503 at its deadline.
 * 2. A reply that says stored is sent after COMMIT. A message whose reply was 503 may be stored
 *    too.
 * 3. The events of a batch are published before its sends are answered. They include the events of
 *    sends that were answered 503 before.
 * 4. The messages of a conversation are stored in the order in which they were queued.
 * 5. A batch of ready conversations begins at once if no connection is running. A further one
 *    begins when a whole batch is queued, or SEND_LATE_MS after the last one began. The reason: two
 *    half batches cost more than a whole one.
 * 6. At most half of the connections wait, and when one begins to wait, another is idle or running.
 *    If no connection may wait, busy conversations are tried every SEND_TRY_PAUSE_MS.
 * 7. A late connection is kept until its batch ends (db_sync.h says why) or the writer stops. While
 *    all connections are late, every send is refused at once.
 * 8. No thread holds the lock while it connects, runs a statement, publishes or replies.
 * 9. One thread more than there are connections runs message_writer_run. So sends meet their
 *    deadlines while every connection has a batch.
 */
#include "api/messages/message_writer.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/http/reply.h"
#include "api/links/accept_slots.h"
#include "api/links/metrics.h"
#include "api/messages/writer_batch.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/base/memory.h"
#include "lib/base/settings.h"

enum {
	/* of texts in one batch, so that a few large texts do not delay many small ones */
	BATCH_BYTES = 256 * KIB,
	LATE_LOOK_MS = 200, /* between two looks whether to stop, while a batch is late */
	STUCK_SHARE = 2,    /* 1 / this of the queue may be messages of busy conversations */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t work; /* a thread in message_writer_run may have work */
	pthread_cond_t room; /* the queue is shorter */
	struct send_queue queue;
	struct db_sync *conns, *idle;
	int idle_count;
	int running;	  /* connections with a batch that does not wait for locks */
	int waiting;	  /* connections with a batch that waits for locks */
	int late;	  /* connections with a batch whose sends were all answered */
	int64_t since_ms; /* when the last batch of ready conversations began */
	int64_t tried_ms; /* when busy conversations were last tried */
	bool stop;
} writer = { .lock = PTHREAD_MUTEX_INITIALIZER };

void
message_writer_open(void)
{
	clock_cond_init(&writer.work);
	clock_cond_init(&writer.room);
	send_queue_init(&writer.queue);
	writer.conns = memory_alloc((size_t)settings.api_send_connections * sizeof *writer.conns);
	for (long i = 0; i < settings.api_send_connections; i++) {
		writer.conns[i].next = writer.idle;
		writer.idle = &writer.conns[i];
	}
	writer.idle_count = (int)settings.api_send_connections;
}

void
message_writer_close(void)
{
	for (long i = 0; i < settings.api_send_connections; i++)
		db_sync_drop(&writer.conns[i]);
	free(writer.conns);
	send_queue_free(&writer.queue);
}

/* ---- replies: without the lock ---- */

/* Returns the result of a send, from its status in messages_send. */
static struct send_result
result_of(const struct writer_batch *b, int i)
{
	struct send_result out = { .error = b->answered[i]->error };
	const char *status = writer_batch_column(b, i, SEND_STATUS);

	if (!status)
		return out;
	out.created = strcmp(status, "created") == 0;
	if (out.created || strcmp(status, "repeated") == 0)
		out.message = writer_batch_column(b, i, SEND_MESSAGE);
	else
		out.error = error_find(status);
	if (!out.message && !out.error)
		out.error = ERROR_INTERNAL;
	return out;
}

/* Replies to the request of a send, and returns it to the unused ones. */
static void
send_finish(struct send *s, const struct send_result *result)
{
	struct request *r = s->request; /* its memory contains the send */

	s->reply(r, result);
	reply_finish(r);
	request_give(r);
}

static void
send_refuse(struct send_entry *e)
{
	metrics_count(&metrics->send_late);
	send_finish((struct send *)e, &(struct send_result){ .error = ERROR_UNAVAILABLE });
}

static void
writer_batch_answer(struct writer_batch *b)
{
	for (int i = 0; i < b->count; i++) {
		if (!b->answered[i])
			continue;
		struct send_result result = result_of(b, i);
		send_finish(b->answered[i], &result);
	}
	PQclear(b->result);
}

/* ---- due work: under the lock ---- */

/* Returns whether a batch of ready conversations should begin (invariant 5). */
static bool
ready_due(void)
{
	if (!writer.queue.ready_count || !writer.idle)
		return false;
	return !writer.running || writer.queue.ready_count >= settings.api_send_batch || clock_ms() - writer.since_ms >= SEND_LATE_MS;
}

/* Returns whether a batch may wait for locks now (invariant 6). */
static bool
waiting_allowed(void)
{
	int most = (int)settings.api_send_connections / 2;

	return writer.waiting < most && (writer.idle_count > 1 || writer.running > 0);
}

/* Returns whether a batch of busy conversations should begin (invariant 6). */
static bool
busy_due(void)
{
	if (TAILQ_EMPTY(&writer.queue.busy) || !writer.idle)
		return false;
	return waiting_allowed() || clock_ms() - writer.tried_ms >= SEND_TRY_PAUSE_MS;
}

/*
 * Returns whether all connections are late. One cause is a lost standby that every commit waits
 * for.
 */
static bool
all_late(void)
{
	return writer.late == settings.api_send_connections;
}

/* Takes a send out of the queue that must be refused, if there is one. */
static struct send_entry *
refusal_due(void)
{
	return send_queue_expire(&writer.queue, all_late() ? INT64_MAX : clock_ms());
}

/*
 * Returns when the queue needs attention if nothing else happens: at the first deadline of a send,
 * or when another batch may begin.
 */
static int64_t
queue_deadline(void)
{
	int64_t deadline = writer.queue.earliest_ms;

	if (writer.idle && writer.queue.ready_count && writer.since_ms + SEND_LATE_MS < deadline)
		deadline = writer.since_ms + SEND_LATE_MS;
	if (writer.idle && !TAILQ_EMPTY(&writer.queue.busy) && writer.tried_ms + SEND_TRY_PAUSE_MS < deadline)
		deadline = writer.tried_ms + SEND_TRY_PAUSE_MS;
	return deadline;
}

static void
work_signal(void)
{
	if (ready_due() || busy_due())
		pthread_cond_signal(&writer.work);
}

/* ---- connections: under the lock ---- */

static struct db_sync *
conn_take(void)
{
	struct db_sync *c = writer.idle;

	writer.idle = c->next;
	writer.idle_count--;
	return c;
}

static void
conn_return(struct db_sync *c)
{
	c->next = writer.idle;
	writer.idle = c;
	writer.idle_count++;
}

/* ---- the writer's threads: under the lock, which they release to wait ---- */

static void
pause_a_moment(void)
{
	nanosleep(&(struct timespec){ 0, SEND_TRY_PAUSE_MS * 1000 * 1000 }, NULL);
}

/* Moves a connection's batch from one count to another. NULL: none. */
static void
kind_move(int **kind, int *to)
{
	if (*kind)
		--**kind;
	if (to)
		++*to;
	*kind = to;
}

/*
 * Counts a batch as late, because all sends in it were refused. Returns false when the writer
 * stops.
 */
static bool
writer_batch_is_late(struct send_batch *b, int **kind)
{
	pthread_mutex_lock(&writer.lock);
	bool stop = writer.stop;
	if (*kind != &writer.late) {
		kind_move(kind, &writer.late);
		send_batch_late(b);
		metrics_count(&metrics->batches_late);
		pthread_cond_signal(&writer.work);
	}
	pthread_mutex_unlock(&writer.lock);
	return !stop;
}

/* Runs a batch until it ends. Refuses its sends at their deadlines meanwhile. */
static void
writer_batch_do(struct db_sync *c, struct writer_batch *b, int **kind)
{
	int64_t grace_ms = clock_ms() + SEND_GRACE_MS;
	enum db_outcome outcome = writer_batch_run(c, b, *kind == &writer.waiting ? SEND_WAIT_MS : 0);
	struct send_entry *e;

	while (outcome == DB_LATE) {
		while ((e = send_batch_expire(&b->sends, clock_ms())))
			send_refuse(e);
		int64_t deadline = send_batch_deadline(&b->sends);
		if (deadline == INT64_MAX && clock_ms() < grace_ms)
			deadline = grace_ms;
		if (deadline == INT64_MAX && !writer_batch_is_late(&b->sends, kind)) {
			db_sync_drop(c);
			break;
		}
		outcome = writer_batch_await(c, b, deadline < INT64_MAX ? deadline : clock_ms() + LATE_LOOK_MS);
	}
	if (outcome == DB_LOST)
		pause_a_moment(); /* before the next try */
	writer_batch_judge(b, outcome);
}

/*
 * Makes a connection ready before it takes a batch, because connecting may take long. Another
 * thread then watches the deadlines of the queue.
 */
static bool
conn_make_ready(struct db_sync *c)
{
	pthread_mutex_unlock(&writer.lock);
	bool ready = db_sync_lives(c);
	if (!ready) {
		pthread_cond_signal(&writer.work);
		ready = db_sync_ready(c, INT64_MAX);
	}
	if (!ready)
		pause_a_moment();
	pthread_mutex_lock(&writer.lock);
	return ready;
}

static void
queue_take_batch(struct send_batch *b, bool busy)
{
	bool full = writer.queue.count >= settings.api_send_queue;

	send_queue_take(&writer.queue, b, busy, (int)settings.api_send_batch, BATCH_BYTES);
	if (full && b->count)
		pthread_cond_broadcast(&writer.room);
	/* another thread must watch the deadlines of the others */
	if (!writer.idle && writer.queue.count)
		pthread_cond_signal(&writer.work);
}

/*
 * Takes a batch and runs it. Releases the connection before it replies, so another thread may run
 * the next batch meanwhile.
 */
static void
writer_batch(bool busy)
{
	int *kind = NULL;
	struct writer_batch b;

	if (busy)
		writer.tried_ms = clock_ms();
	else
		writer.since_ms = clock_ms();
	kind_move(&kind, busy && waiting_allowed() ? &writer.waiting : &writer.running);
	struct db_sync *c = conn_take();
	b.sends.count = b.count = 0;
	if (conn_make_ready(c))
		queue_take_batch(&b.sends, busy);
	if (b.sends.count) {
		pthread_mutex_unlock(&writer.lock);
		writer_batch_do(c, &b, &kind);
		pthread_mutex_lock(&writer.lock);
		send_queue_finish(&writer.queue, &b.sends);
	}
	kind_move(&kind, NULL);
	conn_return(c);
	work_signal();
	if (b.count == 0)
		return;
	pthread_mutex_unlock(&writer.lock);
	writer_batch_publish(&b);
	writer_batch_answer(&b);
	pthread_mutex_lock(&writer.lock);
}

/* Refuses a send that has waited in the queue up to its deadline. */
static void
writer_refuse(struct send_entry *e)
{
	pthread_cond_broadcast(&writer.room);
	pthread_mutex_unlock(&writer.lock);
	send_refuse(e);
	pthread_mutex_lock(&writer.lock);
}

static void
writer_rest(void)
{
	int64_t deadline = queue_deadline();

	if (deadline == INT64_MAX)
		pthread_cond_wait(&writer.work, &writer.lock);
	else
		(void)clock_wait(&writer.work, &writer.lock, deadline);
}

/* Returns one more than there are connections (invariant 9). */
long
message_writer_threads(void)
{
	return settings.api_send_connections + 1;
}

void
message_writer_run(void)
{
	struct send_entry *e;

	pthread_mutex_lock(&writer.lock);
	while (!writer.stop || writer.queue.count) {
		if ((e = refusal_due()))
			writer_refuse(e);
		else if (busy_due())
			writer_batch(true);
		else if (ready_due())
			writer_batch(false);
		else
			writer_rest();
	}
	pthread_mutex_unlock(&writer.lock);
}

void
message_writer_stop(void)
{
	pthread_mutex_lock(&writer.lock);
	writer.stop = true;
	pthread_cond_broadcast(&writer.work);
	pthread_mutex_unlock(&writer.lock);
}

/* ---- sending ---- */

/*
 * Waits until the queue has room. Returns false when the send must be refused, because it would
 * wait in vain.
 */
static bool
queue_has_room(const struct send_entry *e)
{
	while (writer.queue.count >= settings.api_send_queue) {
		accept_slot_release();
		if (!clock_wait(&writer.room, &writer.lock, e->deadline_ms))
			return false;
	}
	return !all_late() && !send_queue_is_stuck(&writer.queue, e->conversation, (int)settings.api_send_queue / STUCK_SHARE, SIZE_MAX);
}

enum reply
message_writer_send(struct request *r, const struct message_draft *draft, send_reply *reply)
{
	struct send *s = arena_alloc(&r->arena, sizeof *s);

	*s = (struct send){ .request = r, .draft = draft, .reply = reply };
	s->entry.conversation = draft->conversation;
	s->entry.deadline_ms = clock_ms() + settings.api_wait_ms;
	s->entry.size = strlen(draft->text);
	pthread_mutex_lock(&writer.lock);
	bool room = queue_has_room(&s->entry);
	if (room) {
		send_queue_add(&writer.queue, &s->entry);
		/* a thread must watch the deadline of the first send */
		if (ready_due() || writer.queue.count == 1)
			pthread_cond_signal(&writer.work);
	}
	pthread_mutex_unlock(&writer.lock);
	if (room)
		return REPLY_LATER;
	metrics_count(&metrics->send_late);
	return reply(r, &(struct send_result){ .error = ERROR_UNAVAILABLE });
}
