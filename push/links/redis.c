/* SPDX-License-Identifier: MIT */
/* Connections to Redis in the event loop, by hiredis without blocking. */
#include "push/links/redis.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/id.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/memory.h"
#include "lib/base/settings.h"
#include "lib/chat/presence.h"
#include "push/links/redis_conn.h"
#include "push/net/loop.h"
#include "push/net/metrics.h"

enum {
	CHANNELS_MOST = 64, /* channels in one SUBSCRIBE */
	SLOW_MS = 1000,
};

static const char kinds[] = "cup"; /* first letters of the channels: conversation, user, presence */

/* Caller that waits for the answer to a command. */
struct waiter {
	struct waiter *next;
	redis_reply *reply;
	void *context;
	int64_t asked_us;
};

static struct {
	struct redis_conn listening, commanding;
	struct waiter *waiters, **waiters_end;
	struct waiter *unanswered; /* callers whose command could not be sent */
	redis_message *message;
	redis_connected *connected;
	struct map channels[3]; /* subscribed ids of each kind; the value is the id as a pointer */
	uint64_t asked, acked, complete;
	/* Redis answers, but refuses commands: it is full or read-only, for example */
	bool refused;
} redis;

/* Next SUBSCRIBE command. It gathers the channels of a turn, which costs both sides less. */
static struct {
	const char *argv[1 + CHANNELS_MOST];
	size_t lens[1 + CHANNELS_MOST];
	char channels[CHANNELS_MOST][REDIS_KEY_BYTES];
	int count;
} subscribe = { .argv = { "SUBSCRIBE" }, .lens = { 9 } };

/* Returns the subscribed channels of a kind, which a new connection subscribes to again. */
static struct map *
channels_of(char kind)
{
	const char *at = strchr(kinds, kind);

	assert(at && *at);
	return &redis.channels[at - kinds];
}

/* ---- subscribing connection */

static size_t
channel_text(char kind, int64_t id, char out[REDIS_KEY_BYTES])
{
	size_t n = strlen(settings.redis_prefix);

	assert(n + 2 + ID_TEXT_BYTES <= REDIS_KEY_BYTES);
	memcpy(out, settings.redis_prefix, n);
	out[n++] = kind;
	out[n++] = ':';
	return n + id_text(id, out + n);
}

static void
subscribe_send(void)
{
	if (subscribe.count)
		redis_conn_append(&redis.listening, 1 + subscribe.count, subscribe.argv, subscribe.lens);
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
	redis.asked++;
}

/*
 * Subscribes to all channels again. One extra channel keeps the connection in subscriber mode when
 * there are no others. It is the last one.
 */
static void
listening_began(struct redis_conn *w)
{
	(void)w;
	redis.acked = redis.asked;
	for (const char *kind = kinds; *kind; kind++) {
		size_t at = 0;
		void *id;
		while ((id = map_next(channels_of(*kind), &at)))
			subscribe_add(*kind, (int64_t)(intptr_t)id);
	}
	subscribe_add('p', INT64_MAX);
	redis.complete = redis.asked;
}

static void
listening_dropped(struct redis_conn *w)
{
	(void)w;
	redis.acked = redis.asked;
	subscribe.count = 0;
}

#define PROBE_TEXT_MS "60000" /* lifetime of the probe's key */
static const char *const ping[] = { "PING" };

static void
listening_ping(struct redis_conn *w)
{
	redis_conn_append(w, 1, ping, NULL);
}

static bool
listening_is_complete(void)
{
	return redis.listening.up && redis.acked >= redis.complete;
}

/*
 * Calls redis.connected once both connections are up and all channels are subscribed. Answers or
 * notifications may have been lost before, whichever connection came last.
 */
static void
connected_tell(void)
{
	if (redis.commanding.up && listening_is_complete())
		redis.connected();
}

static void
commanding_began(struct redis_conn *w)
{
	(void)w;
	connected_tell();
}

static void
listening_reply(struct redis_conn *w, redisReply *r)
{
	(void)w;
	if (r->type == REDIS_REPLY_ERROR)
		log_line(LOG_ERROR, "redis_failed", "why=%s", r->str);
	if (r->type != REDIS_REPLY_ARRAY || r->elements < 3 || r->element[0]->type != REDIS_REPLY_STRING)
		return;
	if (strcmp(r->element[0]->str, "message") == 0) {
		if (r->element[1]->type != REDIS_REPLY_STRING || r->element[2]->type != REDIS_REPLY_STRING)
			return;
		metrics.notifications++;
		redis.message(r->element[1]->str, r->element[1]->len, r->element[2]->str, r->element[2]->len);
	} else if (strcmp(r->element[0]->str, "subscribe") == 0) {
		redis.acked++;
		if (redis.acked == redis.complete)
			connected_tell();
	}
}

bool
redis_answers(void)
{
	const struct redis_conn *w = &redis.listening;
	bool listens = listening_is_complete() && (!w->pinged || loop_now() - w->pinged_ms <= SLOW_MS);

	return listens && redis.commanding.up && !redis.refused && (!redis.waiters || clock_us() - redis.waiters->asked_us <= 1000 * SLOW_MS);
}

uint64_t
redis_subscribe(char kind, int64_t id)
{
	map_put(channels_of(kind), id, (void *)(intptr_t)id);
	if (redis.listening.up)
		subscribe_add(kind, id);
	else
		redis.acked = ++redis.asked;
	return redis.asked;
}

void
redis_unsubscribe(char kind, int64_t id)
{
	char channel[REDIS_KEY_BYTES];
	const char *argv[] = { "UNSUBSCRIBE", channel };
	size_t lens[] = { 11, channel_text(kind, id, channel) };

	map_remove(channels_of(kind), id);
	if (!redis.listening.up)
		return;
	subscribe_send(); /* the queued SUBSCRIBE may contain this channel */
	redis_conn_append(&redis.listening, 2, argv, lens);
}

uint64_t
redis_acked(void)
{
	return redis.acked;
}

/* ---- command connection */

static int
reply_flatten(const redisReply *r, const char *values[REDIS_REPLY_VALUES], char numbers[REDIS_REPLY_VALUES][24])
{
	int count = 0;
	size_t n = r->type == REDIS_REPLY_ARRAY ? r->elements : 1;

	for (size_t i = 0; i < n && count < REDIS_REPLY_VALUES; i++) {
		const redisReply *e = r->type == REDIS_REPLY_ARRAY ? r->element[i] : r;
		if (e->type == REDIS_REPLY_INTEGER)
			snprintf(numbers[count], sizeof numbers[count], "%lld", e->integer);
		values[count] = e->type == REDIS_REPLY_INTEGER ? numbers[count] : e->str ? e->str : "";
		count++;
	}
	return count;
}

/* Fails all commands that wait for an answer, because their connection is lost. */
static void
commanding_dropped(struct redis_conn *w)
{
	(void)w;
	while (redis.waiters) {
		struct waiter *first = redis.waiters;
		redis.waiters = first->next;
		if (!redis.waiters)
			redis.waiters_end = &redis.waiters;
		if (first->reply)
			first->reply(first->context, NULL, -1);
		free(first);
	}
}

/* Notes that Redis accepts writes again. What it refused is caught up with as after a reconnect. */
static void
probe_reply(void *context, const char *const *values, int count)
{
	(void)context, (void)values;
	if (count < 0 || !redis.refused)
		return;
	redis.refused = false;
	log_line(LOG_INFO, "redis_obeys", "wire=%s", redis.commanding.name);
	connected_tell();
}

/* Tests a write instead of sending PING. A full Redis, or a replica, answers PING as well. */
static void
commanding_ping(struct redis_conn *w)
{
	char key[REDIS_KEY_BYTES];
	const char *probe[] = { "SET", key, "1", "PX", PROBE_TEXT_MS };

	(void)w;
	snprintf(key, sizeof key, "%sprobe:push", settings.redis_prefix);
	redis_command(5, probe, probe_reply, NULL);
}

/* Returns whether an error comes from the state of Redis and not from this one command. */
static bool
is_refusal(const char *why)
{
	static const char *const codes[] = { "READONLY", "OOM",	       "NOAUTH",     "NOPERM",	    "WRONGPASS", "MISCONF",
					     "LOADING",	 "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "EXECABORT" };

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (strncmp(why, codes[i], strlen(codes[i])) == 0)
			return true;
	return false;
}

/* Logs an error. A refusal is logged once, however many commands Redis refuses. */
static void
error_note(const char *why)
{
	bool refusal = is_refusal(why);

	if (!refusal || !redis.refused)
		log_line(LOG_ERROR, "redis_failed", "why=%s", why);
	redis.refused = redis.refused || refusal;
}

static void
commanding_reply(struct redis_conn *w, redisReply *r)
{
	static char numbers[REDIS_REPLY_VALUES][24];
	const char *values[REDIS_REPLY_VALUES];
	struct waiter *first = redis.waiters;

	/* Redis sends an error without a command, for example when it has too many clients */
	if (!first) {
		redis_conn_drop(w, r->type == REDIS_REPLY_ERROR ? r->str : "an answer that nobody asked for");
		return;
	}
	redis.waiters = first->next;
	if (!redis.waiters)
		redis.waiters_end = &redis.waiters;
	histogram_add(&metrics.redis_times, HISTOGRAM_TIMES, clock_us() - first->asked_us);
	if (r->type == REDIS_REPLY_ERROR)
		error_note(r->str);
	if (first->reply && r->type == REDIS_REPLY_ERROR)
		first->reply(first->context, NULL, -1);
	else if (first->reply)
		first->reply(first->context, values, reply_flatten(r, values, numbers));
	free(first);
}

/*
 * Queues a failed answer for the end of the turn. A reply is never called from inside of
 * redis_command.
 */
static void
answer_later(redis_reply *reply, void *context)
{
	struct waiter *w = memory_alloc(sizeof *w);

	w->reply = reply;
	w->context = context;
	w->next = redis.unanswered;
	redis.unanswered = w;
}

static void
command_append(int argc, const char *const *argv, const size_t *lens, redis_reply *reply, void *context)
{
	struct waiter *w = memory_alloc(sizeof *w);

	redis_conn_append(&redis.commanding, argc, argv, lens);
	*w = (struct waiter){ .reply = reply, .context = context, .asked_us = clock_us() };
	*redis.waiters_end = w;
	redis.waiters_end = &w->next;
}

void
redis_command(int argc, const char *const *argv, redis_reply *reply, void *context)
{
	if (!redis.commanding.up) {
		if (reply)
			answer_later(reply, context);
		return;
	}
	command_append(argc, argv, NULL, reply, context);
}

void
redis_publish(const char *channel, const char *payload, size_t payload_len)
{
	char text[REDIS_KEY_BYTES];
	const char *argv[] = { "PUBLISH", text, payload };
	size_t lens[] = { 7, 0, payload_len };

	if (!redis.commanding.up)
		return;
	lens[1] = (size_t)snprintf(text, sizeof text, "%s%s", settings.redis_prefix, channel);
	command_append(3, argv, lens, NULL, NULL);
}

void
redis_open(redis_message *message, redis_pause *pause, redis_connected *connected)
{
	redis.message = message;
	redis.connected = connected;
	redis.waiters_end = &redis.waiters;
	redis.listening = (struct redis_conn){
		.name = "listening",
		.reply = listening_reply,
		.began = listening_began,
		.dropped = listening_dropped,
		.ping = listening_ping,
		.paused = pause,
	};
	redis.commanding = (struct redis_conn){
		.name = "commanding",
		.reply = commanding_reply,
		.began = commanding_began,
		.dropped = commanding_dropped,
		.ping = commanding_ping,
		.paused = pause,
	};
	redis_conn_open(&redis.listening);
	redis_conn_open(&redis.commanding);
}

static void
unanswered_tell(void)
{
	while (redis.unanswered) {
		struct waiter *w = redis.unanswered;
		redis.unanswered = w->next;
		w->reply(w->context, NULL, -1);
		free(w);
	}
}

void
redis_turn_end(void)
{
	unanswered_tell();
	subscribe_send();
	redis_conn_turn_end(&redis.listening);
	redis_conn_turn_end(&redis.commanding);
}

void
redis_close(void)
{
	redis_conn_close(&redis.listening);
	redis_conn_close(&redis.commanding);
	unanswered_tell();
	for (int i = 0; i < 3; i++)
		map_free(&redis.channels[i]);
}
