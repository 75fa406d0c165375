/* SPDX-License-Identifier: MIT */
/* A connection to Redis in the event loop. */
#include "push/links/redis_conn.h"

#include <poll.h>

#include "lib/base/log.h"
#include "lib/base/settings.h"
#include "lib/links/resolver.h"
#include "push/net/metrics.h"

enum {
	RECONNECT_MS = 200,
	OUTPUT_LIMIT = 8 * 1024 * 1024, /* unsent bytes beyond which the connection is dropped */
	/* time without an answer to PING after which the connection is dropped */
	SILENCE_MS = 5000,
};

/* Logs the loss, once until the connection is up again. */
static void
tell_lost(struct redis_conn *w, const char *why)
{
	if (!w->told)
		log_line(LOG_WARN, "redis_lost", "wire=%s why=%s", w->name, *why ? why : "closed");
	w->told = true;
}

static void
tell_unreachable(struct redis_conn *w, const char *why)
{
	if (!w->told)
		log_line(LOG_WARN, "redis_unreachable", "wire=%s why=%s", w->name, *why ? why : "closed");
	w->told = true;
}

void
redis_conn_drop(struct redis_conn *w, const char *why)
{
	if (!w->link.context)
		return;
	if (w->up)
		tell_lost(w, why);
	else
		tell_unreachable(w, why);
	loop_unwatch(&w->watch);
	redis_link_end(&w->link);
	w->up = w->want_write = w->dirty = w->pinged = false;
	w->dropped(w);
	if (!w->closed)
		timer_start(&w->timer, RECONNECT_MS);
}

static void
redis_conn_want(struct redis_conn *w, bool write)
{
	if (write == w->want_write)
		return;
	w->want_write = write;
	loop_want(&w->watch, EPOLLIN | (write ? EPOLLOUT : 0));
}

static void
redis_conn_write(struct redis_conn *w)
{
	int done = 1;

	w->dirty = false;
	if (redis_link_write(&w->link, &done))
		redis_conn_want(w, !done);
	else
		redis_conn_drop(w, w->link.why);
}

void
redis_conn_append(struct redis_conn *w, int argc, const char *const *argv, const size_t *lens)
{
	redisAppendCommandArgv(w->link.context, argc, (const char **)(uintptr_t)argv, lens);
	w->dirty = true;
}

static void
redis_conn_read(struct redis_conn *w)
{
	redisReply *r = NULL;

	if (!redis_link_read(&w->link)) {
		redis_conn_drop(w, w->link.why);
		return;
	}
	w->heard_ms = loop_now();
	w->pinged = false;
	while (w->link.context && redisGetReplyFromReader(w->link.context, (void **)&r) == REDIS_OK && r) {
		w->reply(w, r);
		freeReplyObject(r);
		r = NULL;
	}
	w->paused();
	if (w->link.context && w->link.context->err)
		redis_conn_drop(w, w->link.context->errstr);
}

static void
redis_conn_up(struct redis_conn *w)
{
	w->up = true;
	w->told = false;
	w->heard_ms = loop_now();
	metrics.redis_connects++;
	loop_want(&w->watch, EPOLLIN);
	w->began(w);
	timer_start(&w->timer, SILENCE_MS / 2);
}

static void
redis_conn_stand(struct redis_conn *w)
{
	switch (redis_link_stand(&w->link)) {
	case REDIS_DONE:
		redis_conn_up(w);
		return;
	case REDIS_WAIT:
		loop_want(&w->watch, (w->link.events & POLLIN ? EPOLLIN : 0) | (w->link.events & POLLOUT ? EPOLLOUT : 0));
		return;
	case REDIS_FAILED:
		redis_conn_drop(w, w->link.why);
	}
}

static void
redis_conn_ready(struct watch *watch, uint32_t events)
{
	struct redis_conn *w = LOOP_OWNER(watch, struct redis_conn, watch);

	if (!w->up) {
		redis_conn_stand(w);
		return;
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		redis_conn_read(w);
	if (w->link.context && events & EPOLLOUT)
		redis_conn_write(w);
}

static void
redis_conn_connect(struct redis_conn *w)
{
	enum redis_step step = redis_link_begin(&w->link);

	if (step == REDIS_FAILED)
		tell_unreachable(w, w->link.why);
	if (step != REDIS_DONE) {
		timer_start(&w->timer, step == REDIS_WAIT ? RESOLVER_POLL_MS : RECONNECT_MS);
		return;
	}
	w->watch = (struct watch){ w->link.context->fd, redis_conn_ready };
	if (!loop_watch_level(&w->watch, EPOLLOUT))
		redis_conn_drop(w, "cannot watch the socket");
	else
		timer_start(&w->timer, settings.redis_timeout_ms);
}

/*
 * Connects a connection that is down. Sends a PING now and then on one that is up, and drops it
 * when no answer comes.
 */
static void
redis_conn_timer(struct timer *t)
{
	struct redis_conn *w = LOOP_OWNER(t, struct redis_conn, timer);

	if (!w->link.context) {
		redis_conn_connect(w);
		return;
	}
	if (!w->up || (w->pinged && loop_now() - w->heard_ms > SILENCE_MS)) {
		redis_conn_drop(w, "no answer");
		return;
	}
	w->ping(w);
	if (!w->pinged)
		w->pinged_ms = loop_now();
	w->pinged = true;
	timer_start(t, SILENCE_MS / 2);
}

void
redis_conn_turn_end(struct redis_conn *w)
{
	if (!w->up)
		return;
	if (redis_link_unsent(&w->link) > OUTPUT_LIMIT)
		redis_conn_drop(w, "it does not take what we send");
	else if (w->dirty && !w->want_write)
		redis_conn_write(w);
}

void
redis_conn_open(struct redis_conn *w)
{
	w->timer.fire = redis_conn_timer;
	redis_conn_connect(w);
}

void
redis_conn_close(struct redis_conn *w)
{
	w->closed = w->told = true;
	redis_conn_drop(w, "");
	timer_stop(&w->timer);
}
