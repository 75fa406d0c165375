/* SPDX-License-Identifier: MIT */
/* Check of whether PostgreSQL and Redis answer. */
#include "push/session/health.h"

#include <stdio.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "push/fanout/delivery.h"
#include "push/fanout/transport.h"
#include "push/links/db.h"
#include "push/links/redis.h"
#include "push/net/conns.h"
#include "push/net/metrics.h"

enum {
	CHECK_EACH_MS = 250,
	STEADY_MS = 1000,
	/* interval of repeats, so that a client does not take its stream for dead */
	AGAIN_MS = 20 * 1000,
};

/* Checks in the order of metrics.degraded. */
static bool (*const answers[METRICS_PARTS])(void) = { db_answers, redis_answers };

/* State of the checks. A change counts after STEADY_MS, so that a quick reconnect is none. */
static struct {
	struct timer timer;
	int64_t told_ms;
	/* time since which the check differs from metrics.degraded; 0: it does not */
	int64_t since_ms[METRICS_PARTS];
} health;

static const char *
word(int part)
{
	return metrics.degraded[part] ? "degraded" : "ok";
}

static int
data_print(char *out, size_t room)
{
	return snprintf(out, room, "{\"%s\":\"%s\",\"%s\":\"%s\"}", metrics_part(0), word(0), metrics_part(1), word(1));
}

static bool
is_degraded(void)
{
	return metrics.degraded[0] || metrics.degraded[1];
}

/*
 * Returns whether the stream receives stream.health. A long-poll does not: its answer would bring
 * many new requests at the worst moment.
 */
static bool
is_told(const struct conn *c)
{
	return c->state == CONN_LIVE && !transport_answers_once(c);
}

void
health_tell(struct conn *c)
{
	char data[96];

	if (!is_degraded() || !is_told(c))
		return;
	data_print(data, sizeof data);
	conn_notice(c, "stream.health", data);
}

static void
tell_all(void)
{
	char json[256], data[96], now[CLOCK_TEXT_BYTES];

	health.told_ms = loop_now();
	data_print(data, sizeof data);
	clock_text(clock_wall_ms(), now);
	int len = snprintf(json, sizeof json, "{\"type\":\"stream.health\",\"time\":\"%s\",\"data\":%s}", now, data);
	struct event *ev = event_ephemeral(EVENT_NOTICE, json, (size_t)len);
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		if (is_told(c))
			conn_event(c, ev);
	event_unref(ev);
}

static bool
has_changed(int part)
{
	if (answers[part]() == !metrics.degraded[part])
		health.since_ms[part] = 0;
	else if (!health.since_ms[part])
		health.since_ms[part] = loop_now();
	return health.since_ms[part] && loop_now() - health.since_ms[part] >= STEADY_MS;
}

static void
check(struct timer *t)
{
	bool changed = false;

	for (int i = 0; i < METRICS_PARTS; i++) {
		if (!has_changed(i))
			continue;
		changed = true;
		metrics.degraded[i] = !metrics.degraded[i];
		health.since_ms[i] = 0;
	}
	if (changed)
		log_line(LOG_INFO, "health", "database=%s redis=%s", word(0), word(1));
	if (changed || (is_degraded() && loop_now() - health.told_ms >= AGAIN_MS))
		tell_all();
	timer_start(t, CHECK_EACH_MS);
}

void
health_open(void)
{
	health.timer.fire = check;
	timer_start(&health.timer, CHECK_EACH_MS);
}

void
health_close(void)
{
	timer_stop(&health.timer);
}
