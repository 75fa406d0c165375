/* SPDX-License-Identifier: MIT */
/* Redis for the loop, by hiredis in its non-blocking manner. */
#include "bus.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <hiredis/sds.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../lib/identifier.h"
#include "../lib/log.h"
#include "../lib/memory.h"
#include "../lib/redis_url.h"
#include "../lib/settings.h"
#include "loop.h"
#include "map.h"
#include "metrics.h"

enum {
	RECONNECT_MS = 200,
	REPLY_VALUES = 512,
	CHANNEL_BYTES = 192,
	CHANNELS_MOST = 64,		/* in one SUBSCRIBE */
	OUTPUT_LIMIT = 8 * 1024 * 1024, /* unsent bytes to Redis: beyond it the connection is given up */
	SLOW_MS = 1000,
	SILENCE_MS = 5000, /* a connection that does not answer a PING for so long is given up */
};

static const char kinds[] = "cup"; /* of channels: conversation, user, presence */

/* Who waits for the answer of a command. */
struct waiter {
	struct waiter *next;
	bus_reply *reply;
	void *context;
	int64_t asked_us;
};

struct wire {
	struct watch watch;
	struct timer timer;
	redisContext *redis;
	bool up, want_write, dirty, told;
	void (*reply)(struct wire *w, redisReply *r);
	void (*began)(struct wire *w);
	int64_t heard_ms, pinged_ms;
	bool pinged;
};

static struct {
	struct wire listening, commanding;
	struct waiter *waiters, **waiters_end;
	struct waiter *unanswered; /* asked while Redis is away */
	bus_message *message;
	bus_pause *pause;
	bus_connected *connected;
	struct map channels[3]; /* of each kind: the id -> itself, as a pointer */
	uint64_t asked, acked, complete;
	bool closing;
} bus;

/* The next SUBSCRIBE: a turn's channels are asked for together, which costs both sides less. */
static struct {
	const char *argv[1 + CHANNELS_MOST];
	size_t lens[1 + CHANNELS_MOST];
	char channels[CHANNELS_MOST][CHANNEL_BYTES];
	int count;
} subscribe = { .argv = { "SUBSCRIBE" }, .lens = { 9 } };

static void wire_timer(struct timer *t);

/* The channels of a kind, so that they can be asked for again after a break. */
static struct map *
channels_of(char kind)
{
	const char *at = strchr(kinds, kind);

	assert(at && *at);
	return &bus.channels[at - kinds];
}

static void
wire_drop(struct wire *w, const char *why)
{
	if (!w->redis)
		return;
	if (!w->told)
		log_line(LOG_WARN, "redis_lost", "wire=%s why=%s", w == &bus.listening ? "listening" : "commanding", *why ? why : "closed");
	w->told = true;
	loop_unwatch(&w->watch);
	redisFree(w->redis);
	w->redis = NULL;
	w->up = w->want_write = w->dirty = w->pinged = false;
	if (w == &bus.listening) {
		bus.acked = bus.asked;
		subscribe.count = 0;
	}
	while (w == &bus.commanding && bus.waiters) {
		struct waiter *first = bus.waiters;
		bus.waiters = first->next;
		if (!bus.waiters)
			bus.waiters_end = &bus.waiters;
		if (first->reply)
			first->reply(first->context, NULL, -1);
		free(first);
	}
	if (!bus.closing)
		timer_start(&w->timer, RECONNECT_MS);
}

static void
wire_write(struct wire *w)
{
	int done = 1;

	w->dirty = false;
	if (redisBufferWrite(w->redis, &done) != REDIS_OK) {
		wire_drop(w, w->redis->errstr);
		return;
	}
	if (!done != w->want_write) {
		w->want_write = !done;
		loop_want(&w->watch, EPOLLIN | (w->want_write ? EPOLLOUT : 0));
	}
}

static void
wire_append(struct wire *w, int argc, const char *const *argv, const size_t *lens)
{
	redisAppendCommandArgv(w->redis, argc, (const char **)(uintptr_t)argv, lens);
	w->dirty = true;
}

static void
wire_read(struct wire *w)
{
	redisReply *r = NULL;

	if (redisBufferRead(w->redis) != REDIS_OK) {
		wire_drop(w, w->redis->errstr);
		return;
	}
	w->heard_ms = loop_now();
	w->pinged = false;
	while (w->redis && redisGetReplyFromReader(w->redis, (void **)&r) == REDIS_OK && r) {
		w->reply(w, r);
		freeReplyObject(r);
		r = NULL;
	}
	bus.pause();
	if (w->redis && w->redis->err)
		wire_drop(w, w->redis->errstr);
}

static void
wire_ready(struct watch *watch, uint32_t events)
{
	struct wire *w = LOOP_OWNER(watch, struct wire, watch);

	if (!w->up) {
		int error = 0;
		socklen_t len = sizeof error;
		getsockopt(w->watch.fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error || !(events & EPOLLOUT)) {
			wire_drop(w, error ? strerror(error) : "refused");
			return;
		}
		w->up = true;
		w->told = false;
		w->heard_ms = loop_now();
		metrics.redis_connects++;
		loop_want(&w->watch, EPOLLIN);
		if (w->began)
			w->began(w);
		timer_start(&w->timer, SILENCE_MS / 2);
		return;
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		wire_read(w);
	if (w->redis && events & EPOLLOUT)
		wire_write(w);
}

static redisContext *
redis_connect(void)
{
	struct redis_url url;

	if (!redis_url_parse(settings.redis_url, &url))
		return NULL;
	return url.is_path ? redisConnectUnixNonBlock(url.place) : redisConnectNonBlock(url.place, url.port);
}

static void
wire_connect(struct wire *w)
{
	w->redis = redis_connect();
	if (!w->redis || w->redis->err) {
		if (!w->told)
			log_line(LOG_WARN, "redis_unreachable", "why=%s", w->redis ? w->redis->errstr : "BANTER_REDIS_URL is not understood");
		w->told = true;
		if (w->redis)
			redisFree(w->redis);
		w->redis = NULL;
		timer_start(&w->timer, RECONNECT_MS);
		return;
	}
	w->watch = (struct watch){ w->redis->fd, wire_ready };
	if (!loop_watch_level(&w->watch, EPOLLOUT))
		wire_drop(w, "cannot watch the socket");
	else
		timer_start(&w->timer, settings.redis_timeout_ms);
}

/* A wire that is down connects; one that stands is asked now and then whether it still does. */
static void
wire_timer(struct timer *t)
{
	static const char *const ping[] = { "PING" };
	struct wire *w = LOOP_OWNER(t, struct wire, timer);

	if (!w->redis) {
		wire_connect(w);
		return;
	}
	if (!w->up || (w->pinged && loop_now() - w->heard_ms > SILENCE_MS)) {
		wire_drop(w, "no answer");
		return;
	}
	if (w == &bus.commanding)
		bus_command(1, ping, NULL, NULL);
	else
		wire_append(w, 1, ping, NULL);
	if (!w->pinged)
		w->pinged_ms = loop_now();
	w->pinged = true;
	timer_start(t, SILENCE_MS / 2);
}

/* ---- listening */

static size_t
channel_text(char kind, int64_t id, char out[CHANNEL_BYTES])
{
	size_t n = strlen(settings.redis_prefix);

	assert(n + 2 + IDENTIFIER_BYTES <= CHANNEL_BYTES);
	memcpy(out, settings.redis_prefix, n);
	out[n++] = kind;
	out[n++] = ':';
	return n + identifier_text(id, out + n);
}

static void
subscribe_send(void)
{
	if (subscribe.count)
		wire_append(&bus.listening, 1 + subscribe.count, subscribe.argv, subscribe.lens);
	subscribe.count = 0;
}

static void
subscribe_add(char kind, int64_t id)
{
	if (subscribe.count == CHANNELS_MOST)
		subscribe_send();
	char *channel = subscribe.channels[subscribe.count++];
	subscribe.lens[subscribe.count] = channel_text(kind, id, channel);
	subscribe.argv[subscribe.count] = channel;
	bus.asked++;
}

/* One channel of our own keeps the connection in its listening mode however few others there are; it is the last to be asked for. */
static void
listening_began(struct wire *w)
{
	(void)w;
	bus.acked = bus.asked;
	for (const char *kind = kinds; *kind; kind++) {
		size_t at = 0;
		void *id;
		while ((id = map_next(channels_of(*kind), &at)))
			subscribe_add(*kind, (int64_t)(intptr_t)id);
	}
	subscribe_add('p', INT64_MAX);
	bus.complete = bus.asked;
}

static void
listening_reply(struct wire *w, redisReply *r)
{
	(void)w;
	if (r->type != REDIS_REPLY_ARRAY || r->elements < 3 || r->element[0]->type != REDIS_REPLY_STRING)
		return;
	if (strcmp(r->element[0]->str, "message") == 0) {
		if (r->element[1]->type != REDIS_REPLY_STRING || r->element[2]->type != REDIS_REPLY_STRING)
			return;
		metrics.doorbells++;
		bus.message(r->element[1]->str, r->element[1]->len, r->element[2]->str, r->element[2]->len);
	} else if (strcmp(r->element[0]->str, "subscribe") == 0) {
		bus.acked++;
		if (bus.acked == bus.complete)
			bus.connected();
	}
}

bool
bus_answers(void)
{
	const struct wire *w = &bus.listening;
	bool listens = w->up && bus.acked >= bus.complete && (!w->pinged || loop_now() - w->pinged_ms <= SLOW_MS);

	return listens && bus.commanding.up && (!bus.waiters || time_steady_us() - bus.waiters->asked_us <= 1000 * SLOW_MS);
}

uint64_t
bus_subscribe(char kind, int64_t id)
{
	map_put(channels_of(kind), id, (void *)(intptr_t)id);
	if (bus.listening.up)
		subscribe_add(kind, id);
	else
		bus.acked = ++bus.asked;
	return bus.asked;
}

void
bus_unsubscribe(char kind, int64_t id)
{
	char channel[CHANNEL_BYTES];
	const char *argv[] = { "UNSUBSCRIBE", channel };
	size_t lens[] = { 11, channel_text(kind, id, channel) };

	map_remove(channels_of(kind), id);
	if (!bus.listening.up)
		return;
	subscribe_send(); /* the channel may stand in it */
	wire_append(&bus.listening, 2, argv, lens);
}

uint64_t
bus_acked(void)
{
	return bus.acked;
}

/* ---- commanding */

static int
reply_flatten(const redisReply *r, const char *values[REPLY_VALUES], char numbers[REPLY_VALUES][24])
{
	int count = 0;
	size_t n = r->type == REDIS_REPLY_ARRAY ? r->elements : 1;

	for (size_t i = 0; i < n && count < REPLY_VALUES; i++) {
		const redisReply *e = r->type == REDIS_REPLY_ARRAY ? r->element[i] : r;
		if (e->type == REDIS_REPLY_INTEGER)
			snprintf(numbers[count], sizeof numbers[count], "%lld", e->integer);
		values[count] = e->type == REDIS_REPLY_INTEGER ? numbers[count] : e->str ? e->str : "";
		count++;
	}
	return count;
}

static void
commanding_reply(struct wire *w, redisReply *r)
{
	static char numbers[REPLY_VALUES][24];
	const char *values[REPLY_VALUES];
	struct waiter *first = bus.waiters;

	/* a Redis that is full says so without being asked */
	if (!first) {
		wire_drop(w, r->type == REDIS_REPLY_ERROR ? r->str : "an answer that nobody asked for");
		return;
	}
	bus.waiters = first->next;
	if (!bus.waiters)
		bus.waiters_end = &bus.waiters;
	histogram_add(&metrics.redis_times, HISTOGRAM_TIMES, time_steady_us() - first->asked_us);
	if (r->type == REDIS_REPLY_ERROR)
		log_line(LOG_ERROR, "redis_failed", "why=%s", r->str);
	if (first->reply && r->type == REDIS_REPLY_ERROR)
		first->reply(first->context, NULL, -1);
	else if (first->reply)
		first->reply(first->context, values, reply_flatten(r, values, numbers));
	free(first);
}

/* An answer that cannot come is given at the end of the turn, as the others are: never from inside of the call. */
static void
answer_later(bus_reply *reply, void *context)
{
	struct waiter *w = memory_alloc(sizeof *w);

	w->reply = reply;
	w->context = context;
	w->next = bus.unanswered;
	bus.unanswered = w;
}

static void
command_append(int argc, const char *const *argv, const size_t *lens, bus_reply *reply, void *context)
{
	struct waiter *w = memory_alloc(sizeof *w);

	wire_append(&bus.commanding, argc, argv, lens);
	*w = (struct waiter){ .reply = reply, .context = context, .asked_us = time_steady_us() };
	*bus.waiters_end = w;
	bus.waiters_end = &w->next;
}

void
bus_command(int argc, const char *const *argv, bus_reply *reply, void *context)
{
	if (!bus.commanding.up) {
		if (reply)
			answer_later(reply, context);
		return;
	}
	command_append(argc, argv, NULL, reply, context);
}

void
bus_publish(const char *channel, const char *payload, size_t payload_len)
{
	char text[CHANNEL_BYTES];
	const char *argv[] = { "PUBLISH", text, payload };
	size_t lens[] = { 7, 0, payload_len };

	if (!bus.commanding.up)
		return;
	lens[1] = (size_t)snprintf(text, sizeof text, "%s%s", settings.redis_prefix, channel);
	command_append(3, argv, lens, NULL, NULL);
}

void
bus_open(bus_message *message, bus_pause *pause, bus_connected *connected)
{
	bus.message = message;
	bus.pause = pause;
	bus.connected = connected;
	bus.waiters_end = &bus.waiters;
	bus.listening.reply = listening_reply;
	bus.listening.began = listening_began;
	bus.commanding.reply = commanding_reply;
	bus.listening.timer.fire = bus.commanding.timer.fire = wire_timer;
	wire_connect(&bus.listening);
	wire_connect(&bus.commanding);
}

static void
unanswered_tell(void)
{
	while (bus.unanswered) {
		struct waiter *w = bus.unanswered;
		bus.unanswered = w->next;
		w->reply(w->context, NULL, -1);
		free(w);
	}
}

static void
wire_turn_end(struct wire *w)
{
	if (!w->up)
		return;
	if (sdslen(w->redis->obuf) > OUTPUT_LIMIT)
		wire_drop(w, "it does not take what we send");
	else if (w->dirty && !w->want_write)
		wire_write(w);
}

void
bus_turn_end(void)
{
	unanswered_tell();
	subscribe_send();
	wire_turn_end(&bus.listening);
	wire_turn_end(&bus.commanding);
}

void
bus_close(void)
{
	bus.closing = true;
	bus.listening.told = bus.commanding.told = true;
	wire_drop(&bus.listening, "");
	wire_drop(&bus.commanding, "");
	timer_stop(&bus.listening.timer);
	timer_stop(&bus.commanding.timer);
	unanswered_tell();
	for (int i = 0; i < 3; i++)
		map_free(&bus.channels[i]);
}
