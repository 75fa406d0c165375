/* SPDX-License-Identifier: MIT */
/* A synchronous connection to Redis. */
#include "api/links/redis_sync.h"

#include <errno.h>
#include <poll.h>

#include "api/links/metrics.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/settings.h"
#include "lib/links/resolver.h"

enum { RETRY_MS = 1000 };

static bool
link_wait(const struct redis_link *link, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd io = { .fd = link->context->fd, .events = events };
		int64_t left = deadline - clock_ms();
		int n = poll(&io, 1, left > 0 ? (int)left : 0);
		if (n > 0)
			return true;
		if (n == 0 || errno != EINTR)
			return false;
	}
}

bool
redis_sync_flush(struct redis_link *link, int64_t deadline)
{
	int done = 0;

	while (redis_link_write(link, &done)) {
		if (done)
			return true;
		if (!link_wait(link, POLLOUT, deadline))
			return false;
	}
	return false;
}

redisReply *
redis_sync_reply(struct redis_link *link, int64_t deadline)
{
	void *reply = NULL;

	for (;;) {
		if (redisGetReplyFromReader(link->context, &reply) != REDIS_OK)
			return NULL;
		if (reply)
			return reply;
		if (!link_wait(link, POLLIN, deadline) || !redis_link_read(link))
			return NULL;
	}
}

/* Begins to connect, and waits for the lookup of the name. */
static enum redis_step
link_begin(struct redis_link *link, int64_t deadline)
{
	enum redis_step step;

	while ((step = redis_link_begin(link)) == REDIS_WAIT && clock_ms() < deadline)
		poll(NULL, 0, RESOLVER_POLL_MS);
	return step;
}

bool
redis_sync_connect(struct redis_link *link)
{
	int64_t deadline = clock_ms() + settings.redis_timeout_ms;
	enum redis_step step = link_begin(link, deadline);

	if (step == REDIS_DONE)
		for (step = REDIS_WAIT; step == REDIS_WAIT && link_wait(link, link->events, deadline);)
			step = redis_link_stand(link);
	if (step == REDIS_DONE) {
		metrics_count(&metrics->redis_connects);
		return true;
	}
	redis_link_end(link);
	return false;
}

void
redis_sync_log(struct redis_sync *s, bool up)
{
	if (s->down == !up)
		return;
	s->down = !up;
	if (up)
		log_line(LOG_INFO, "redis_up", "connection=%s", s->name);
	else
		log_line(LOG_WARN, "redis_down", "connection=%s why=%s", s->name, *s->link.why ? s->link.why : "no answer");
}

void
redis_sync_drop(struct redis_sync *s)
{
	redis_link_end(&s->link);
	s->up = false;
	s->retry_ms = clock_ms() + RETRY_MS;
}

bool
redis_sync_is_quiet(const struct redis_link *link)
{
	return !link_wait(link, POLLIN, 0);
}
