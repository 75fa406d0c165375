/* SPDX-License-Identifier: MIT */
/* A worker process: its threads, and how they end. */
#include "api/worker.h"

#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/common.h"
#include "api/http/db_call.h"
#include "api/http/dispatch.h"
#include "api/http/known.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "api/links/accept_slots.h"
#include "api/links/redis.h"
#include "api/links/revocations.h"
#include "api/messages/message_writer.h"
#include "api/routes.h"
#include "api/routes/password.h"
#include "lib/auth/bearer.h"
#include "lib/auth/limiter.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/settings.h"

enum {
	STACK_BYTES = 512 * 1024,
	REDIS_TEND_MS = 200,
	REVOCATIONS_MS = 1000,
	REVOCATIONS_TRY_MS = 100,
};

/* Parts with heartbeats: the serving threads together, and the thread that queries revocations. */
enum { BEAT_SERVES, BEAT_REVOCATIONS, BEATS };

enum leaving { STAYING, LEAVING_WHEN_IDLE, LEAVING_NOW };

static _Atomic int leaving = STAYING;

/* The state of the threads that work periodically. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	bool stop;
} tending = { .lock = PTHREAD_MUTEX_INITIALIZER };

/*
 * Accepts requests and serves them. The socket has a receive timeout. After it a thread looks
 * whether to leave, so no signal interrupts a thread that just accepts a request.
 */
static void *
thread_serve(void *unused)
{
	struct request *r = request_take();

	(void)unused;
	while (atomic_load_explicit(&leaving, memory_order_relaxed) != LEAVING_NOW && accept_slot_take()) {
		worker_beat(BEAT_SERVES);
		if (request_accept(r)) {
			if (dispatch(r) == REPLIED)
				reply_finish(r);
			else
				r = request_take();
		} else if (atomic_load_explicit(&leaving, memory_order_relaxed)) {
			break;
		}
	}
	if (atomic_load_explicit(&leaving, memory_order_relaxed))
		accept_slots_close(); /* the threads without a slot may leave as well */
	request_give(r);
	return NULL;
}

static void *
thread_send(void *unused)
{
	(void)unused;
	message_writer_run();
	return NULL;
}

/* Sleeps. Returns true when it is time to stop. */
static bool
tending_sleep(int64_t ms)
{
	int64_t deadline = clock_ms() + ms;

	pthread_mutex_lock(&tending.lock);
	while (!tending.stop && clock_wait(&tending.stopped, &tending.lock, deadline))
		;
	bool stop = tending.stop;
	pthread_mutex_unlock(&tending.lock);
	return stop;
}

static void *
thread_redis(void *unused)
{
	(void)unused;
	while (!tending_sleep(REDIS_TEND_MS))
		redis_tend();
	return NULL;
}

static void *
thread_revocations(void *unused)
{
	(void)unused;
	while (!tending_sleep(REVOCATIONS_MS)) {
		worker_beat(BEAT_REVOCATIONS);
		(void)revocations_poll();
	}
	return NULL;
}

static void
tending_stop(void)
{
	pthread_mutex_lock(&tending.lock);
	tending.stop = true;
	pthread_cond_broadcast(&tending.stopped);
	pthread_mutex_unlock(&tending.lock);
}

static pthread_t
thread_start(void *(*run)(void *))
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	int failed = pthread_create(&thread, &attributes, run, NULL);
	pthread_attr_destroy(&attributes);
	if (failed) {
		log_line(LOG_ERROR, "thread_failed", "errno=%d", failed);
		exit(71);
	}
	return thread;
}

static void
signals_block(sigset_t *waited)
{
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGABRT); /* the supervisor sends it to a worker that hangs */
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	sigemptyset(waited);
	sigaddset(waited, WORKER_REPLACED);
	sigaddset(waited, WORKER_ENDS);
	signal(SIGPIPE, SIG_IGN);
}

/* Waits for the first query of revocations. No request may be served before. */
static void
revocations_wait(void)
{
	while (!revocations_poll())
		usleep(REVOCATIONS_TRY_MS * 1000);
}

static void
parts_open(void)
{
	json_object_seed(0);
	routes_open();
	requests_open(WORKER_SOCKET);
	accept_slots_open();
	limiter_open(WORKER_LIMITER);
	common_open(WORKER_COMMON);
	clock_cond_init(&tending.stopped);
	bearers_open();
	db_calls_open();
	known_open();
	message_writer_open();
	redis_open();
	passwords_open();
	revocations_wait();
}

static void
parts_close(void)
{
	requests_close();
	message_writer_close();
	db_calls_close();
	revocations_close();
	redis_close();
}

/* Waits for threads up to the deadline. Returns false when one has not ended. */
static bool
threads_join(pthread_t *threads, long n, int64_t deadline)
{
	struct timespec until = clock_timespec(deadline);

	for (long i = 0; i < n; i++)
		if (pthread_clockjoin_np(threads[i], NULL, CLOCK_MONOTONIC, &until) != 0)
			return false;
	return true;
}

int
worker_run(void)
{
	long n = settings.api_threads, writers = message_writer_threads();
	pthread_t *threads = memory_alloc((size_t)(n + writers + 2) * sizeof *threads);
	pthread_t *writing = threads + n, *tenders = writing + writers;
	sigset_t waited;
	int got = 0;

	worker_begin(WORKER_KEPT);
	signals_block(&waited);
	parts_open();
	for (long i = 0; i < n; i++)
		threads[i] = thread_start(thread_serve);
	for (long i = 0; i < writers; i++)
		writing[i] = thread_start(thread_send);
	tenders[0] = thread_start(thread_redis);
	tenders[1] = thread_start(thread_revocations);
	log_line(LOG_INFO, "worker_ready", "pid=%d threads=%ld", (int)getpid(), n);
	worker_ready(BEATS);

	while (sigwait(&waited, &got) != 0)
		;
	int64_t deadline = clock_ms() + settings.drain_seconds * 1000;
	/*
	 * a replaced worker leaves waiting requests to others; otherwise no worker would serve them
	 */
	atomic_store(&leaving, got == WORKER_REPLACED ? LEAVING_NOW : LEAVING_WHEN_IDLE);
	if (got == WORKER_REPLACED)
		accept_slots_close();
	bool served = threads_join(threads, n, deadline);
	message_writer_stop();
	served = served && threads_join(writing, writers, deadline);
	tending_stop();
	if (!served || !threads_join(tenders, 2, deadline + REVOCATIONS_MS)) {
		log_line(LOG_WARN, "worker_drained", "pid=%d complete=%s", (int)getpid(), "no");
		_exit(75);
	}
	parts_close();
	free(threads);
	log_line(LOG_INFO, "worker_drained", "pid=%d complete=%s", (int)getpid(), "yes");
	return 0;
}
