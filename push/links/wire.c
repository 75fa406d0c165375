/* SPDX-License-Identifier: MIT */
/* A connection to Redis in the event loop. */
#include "push/links/wire.h"

#include <poll.h>

#include "lib/base/log.h"
#include "lib/links/resolver.h"
#include "lib/base/settings.h"
#include "push/net/metrics.h"

enum {
	RECONNECT_MS = 200,
	OUTPUT_LIMIT = 8 * 1024 * 1024, /* unsent bytes beyond which the connection is dropped */
	SILENCE_MS = 5000,		/* time without an answer to PING after which the connection is dropped */
};

/* Logs the loss, once until the connection is up again. */
static void
tell_lost(struct wire *w, const char *why)
{
	if (!w->told)
		log_line(LOG_WARN, "redis_lost", "wire=%s why=%s", w->name, *why ? why : "closed");
	w->told = true;
}

static void
tell_unreachable(struct wire *w, const char *why)
{
	if (!w->told)
		log_line(LOG_WARN, "redis_unreachable", "wire=%s why=%s", w->name, *why ? why : "closed");
	w->told = true;
}

void
wire_drop(struct wire *w, const char *why)
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
wire_want(struct wire *w, bool write)
{
	if (write == w->want_write)
		return;
	w->want_write = write;
	loop_want(&w->watch, EPOLLIN | (write ? EPOLLOUT : 0));
}

static void
wire_write(struct wire *w)
{
	int done = 1;

	w->dirty = false;
	if (redis_link_write(&w->link, &done))
		wire_want(w, !done);
	else
		wire_drop(w, w->link.why);
}

void
wire_append(struct wire *w, int argc, const char *const *argv, const size_t *lens)
{
	redisAppendCommandArgv(w->link.context, argc, (const char **)(uintptr_t)argv, lens);
	w->dirty = true;
}

static void
wire_read(struct wire *w)
{
	redisReply *r = NULL;

	if (!redis_link_read(&w->link)) {
		wire_drop(w, w->link.why);
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
		wire_drop(w, w->link.context->errstr);
}

static void
wire_up(struct wire *w)
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
wire_stand(struct wire *w)
{
	switch (redis_link_stand(&w->link)) {
	case REDIS_DONE:
		wire_up(w);
		return;
	case REDIS_WAIT:
		loop_want(&w->watch, (w->link.events & POLLIN ? EPOLLIN : 0) | (w->link.events & POLLOUT ? EPOLLOUT : 0));
		return;
	case REDIS_FAILED:
		wire_drop(w, w->link.why);
	}
}

static void
wire_ready(struct watch *watch, uint32_t events)
{
	struct wire *w = LOOP_OWNER(watch, struct wire, watch);

	if (!w->up) {
		wire_stand(w);
		return;
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		wire_read(w);
	if (w->link.context && events & EPOLLOUT)
		wire_write(w);
}

static void
wire_connect(struct wire *w)
{
	enum redis_step step = redis_link_begin(&w->link);

	if (step == REDIS_FAILED)
		tell_unreachable(w, w->link.why);
	if (step != REDIS_DONE) {
		timer_start(&w->timer, step == REDIS_WAIT ? RESOLVER_POLL_MS : RECONNECT_MS);
		return;
	}
	w->watch = (struct watch){ w->link.context->fd, wire_ready };
	if (!loop_watch_level(&w->watch, EPOLLOUT))
		wire_drop(w, "cannot watch the socket");
	else
		timer_start(&w->timer, settings.redis_timeout_ms);
}

/*
 * Connects a wire that is down. Sends a PING now and then on one that is up, and drops it when no
 * answer comes.
 */
static void
wire_timer(struct timer *t)
{
	struct wire *w = LOOP_OWNER(t, struct wire, timer);

	if (!w->link.context) {
		wire_connect(w);
		return;
	}
	if (!w->up || (w->pinged && loop_now() - w->heard_ms > SILENCE_MS)) {
		wire_drop(w, "no answer");
		return;
	}
	w->ping(w);
	if (!w->pinged)
		w->pinged_ms = loop_now();
	w->pinged = true;
	timer_start(t, SILENCE_MS / 2);
}

void
wire_turn_end(struct wire *w)
{
	if (!w->up)
		return;
	if (redis_link_unsent(&w->link) > OUTPUT_LIMIT)
		wire_drop(w, "it does not take what we send");
	else if (w->dirty && !w->want_write)
		wire_write(w);
}

void
wire_open(struct wire *w)
{
	w->timer.fire = wire_timer;
	wire_connect(w);
}

void
wire_close(struct wire *w)
{
	w->closed = w->told = true;
	wire_drop(w, "");
	timer_stop(&w->timer);
}
