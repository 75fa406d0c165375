/* SPDX-License-Identifier: MIT */
/* Redis over two connections: one that rings, one that asks. The one file that knows hiredis. */
#include "redis.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/doorbell.h"
#include "lib/identifier.h"
#include "lib/limits.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/presence.h"
#include "lib/redis_url.h"
#include "lib/settings.h"
#include "metrics.h"
#include "seats.h"

enum {
	UNSENT_MAX_BYTES = 1024 * KIB, /* of rings that Redis does not take; beyond it they are dropped */
	TYPING_MAX_BYTES = 64 * KIB,   /* typing is dropped earlier */
	UNANSWERED_MAX_MS = 5000,      /* a doorbell that is silent for so long is given up */
	RETRY_MS = 1000,	       /* after a failure the asking connection rests */
	WATCH_SECONDS = 86400,
	ID_BYTES = 24,
	CHANNEL_BYTES = 128,
};

struct line {
	pthread_mutex_t lock;
	redisContext *redis; /* NULL: not connected */
	int64_t retry_ms;    /* not before */
	bool down;	     /* as the log knows it */
};

static struct {
	struct line line;
	long unanswered;     /* commands whose replies have not come */
	int64_t answered_ms; /* when the last one came, or there was none to wait for */
	long dropped;
} bell = { .line = { .lock = PTHREAD_MUTEX_INITIALIZER } };

static struct line asking = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- connecting ---- */

/* Not connected yet, only on its way. NULL: there is no place to go to. */
static redisContext *
context_start(void)
{
	struct redis_url url;

	if (!redis_url_parse(settings.redis_url, &url))
		return NULL;
	return url.is_path ? redisConnectUnixNonBlock(url.place) : redisConnectNonBlock(url.place, url.port);
}

static bool
context_wait(redisContext *c, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd io = { .fd = c->fd, .events = events };
		int64_t left = deadline - time_steady_ms();
		int n = poll(&io, 1, left > 0 ? (int)left : 0);
		if (n > 0)
			return true;
		if (n == 0 || errno != EINTR)
			return false;
	}
}

static bool
context_flush(redisContext *c, int64_t deadline)
{
	int done = 0;

	while (redisBufferWrite(c, &done) == REDIS_OK) {
		if (done)
			return true;
		if (!context_wait(c, POLLOUT, deadline))
			return false;
	}
	return false;
}

/* The next reply, or NULL when none comes in time. */
static redisReply *
context_reply(redisContext *c, int64_t deadline)
{
	void *reply = NULL;

	for (;;) {
		if (redisGetReplyFromReader(c, &reply) != REDIS_OK)
			return NULL;
		if (reply)
			return reply;
		if (!context_wait(c, POLLIN, deadline) || redisBufferRead(c) != REDIS_OK)
			return NULL;
	}
}

/* A connection that has answered a PING, or NULL. */
static redisContext *
context_connect(void)
{
	int64_t deadline = time_steady_ms() + settings.redis_timeout_ms;
	redisContext *c = context_start();
	int error = 0;
	socklen_t len = sizeof error;

	if (c && !c->err && context_wait(c, POLLOUT, deadline) && getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0) {
		c->flags |= REDIS_CONNECTED;
		redisReply *pong = redisAppendCommand(c, "PING") == REDIS_OK && context_flush(c, deadline) ? context_reply(c, deadline) : NULL;
		bool up = pong && pong->type == REDIS_REPLY_STATUS;
		if (pong)
			freeReplyObject(pong);
		if (up) {
			metrics_count(&metrics->redis_connects);
			return c;
		}
	}
	if (c)
		redisFree(c);
	return NULL;
}

static void
line_told(struct line *l, const char *name, bool up)
{
	if (l->down == !up)
		return;
	l->down = !up;
	log_line(up ? LOG_INFO : LOG_WARN, up ? "redis_up" : "redis_down", "connection=%s", name);
}

static void
line_drop(struct line *l)
{
	if (l->redis)
		redisFree(l->redis);
	l->redis = NULL;
	l->retry_ms = time_steady_ms() + RETRY_MS;
}

/* ---- the doorbell ---- */

static size_t
bell_unsent(void)
{
	return sdslen(bell.line.redis->obuf);
}

static void
bell_drop(void)
{
	line_drop(&bell.line);
	line_told(&bell.line, "doorbell", false);
}

/* Takes the replies that are there, without waiting. False when the connection is broken. */
static bool
bell_drain(void)
{
	void *reply = NULL;

	if (bell.unanswered == 0) {
		bell.answered_ms = time_steady_ms();
		return true;
	}
	if (redisBufferRead(bell.line.redis) != REDIS_OK)
		return false;
	while (bell.unanswered > 0) {
		if (redisGetReplyFromReader(bell.line.redis, &reply) != REDIS_OK)
			return false;
		if (!reply)
			break;
		freeReplyObject(reply);
		bell.unanswered--;
		bell.answered_ms = time_steady_ms();
	}
	return time_steady_ms() - bell.answered_ms < UNANSWERED_MAX_MS;
}

/* Writes what can be written without waiting. */
static void
bell_flush(void)
{
	int done;

	if (bell.line.redis && (redisBufferWrite(bell.line.redis, &done) != REDIS_OK || !bell_drain()))
		bell_drop();
}

static void
bell_command(int argc, const char **argv, const size_t *lens, size_t most)
{
	if (bell.line.redis && bell_unsent() > most)
		bell_flush();
	if (!bell.line.redis)
		return;
	if (bell_unsent() > most) {
		bell.dropped++;
		metrics_count(&metrics->redis_drops);
		return;
	}
	if (redisAppendCommandArgv(bell.line.redis, argc, argv, lens) == REDIS_OK)
		bell.unanswered++;
}

void
redis_tend(void)
{
	pthread_mutex_lock(&bell.line.lock);
	bool wanted = !bell.line.redis;
	bell_flush();
	if (bell.dropped) {
		log_line(LOG_WARN, "redis_slow", "dropped=%ld", bell.dropped);
		bell.dropped = 0;
	}
	pthread_mutex_unlock(&bell.line.lock);
	if (!wanted)
		return;

	/* connecting may wait, ringing may not: so it is done outside of the lock */
	redisContext *c = context_connect();
	pthread_mutex_lock(&bell.line.lock);
	bell.line.redis = c;
	bell.unanswered = 0;
	bell.answered_ms = time_steady_ms();
	line_told(&bell.line, "doorbell", c != NULL);
	pthread_mutex_unlock(&bell.line.lock);
}

void
redis_rings_begin(void)
{
	pthread_mutex_lock(&bell.line.lock);
}

void
redis_ring(const char *channel, const char *payload)
{
	char name[CHANNEL_BYTES];
	size_t n = (size_t)snprintf(name, sizeof name, "%s%s", settings.redis_prefix, channel);
	const char *argv[] = { "PUBLISH", name, payload };
	size_t lens[] = { 7, n, strlen(payload) };

	assert(n < sizeof name);
	bell_command(3, argv, lens, UNSENT_MAX_BYTES);
}

void
redis_rings_end(void)
{
	bell_flush();
	pthread_mutex_unlock(&bell.line.lock);
}

void
redis_typing(int64_t conversation, int64_t user)
{
	static const char script[] = "if redis.call('SET', ARGV[1], '', 'NX', 'PX', ARGV[2]) then redis.call('PUBLISH', ARGV[3], ARGV[4]) end";
	char key[CHANNEL_BYTES], pause[ID_BYTES], channel[CHANNEL_BYTES], payload[ID_BYTES + 2];
	const char *argv[] = { "EVAL", script, "0", key, pause, channel, payload };

	snprintf(key, sizeof key, "%styping:%ld:%ld", settings.redis_prefix, (long)conversation, (long)user);
	snprintf(pause, sizeof pause, "%d", LIMIT_TYPING_INTERVAL_MS);
	snprintf(channel, sizeof channel, "%sc:%ld", settings.redis_prefix, (long)conversation);
	snprintf(payload, sizeof payload, "%c %ld", DOORBELL_TYPING, (long)user);
	pthread_mutex_lock(&bell.line.lock);
	bell_command(7, argv, NULL, TYPING_MAX_BYTES);
	bell_flush();
	pthread_mutex_unlock(&bell.line.lock);
}

/* ---- asking ---- */

/* Sends n commands' worth of what was appended and gives the last reply; an error of Redis counts as none. */
static redisReply *
asking_exchange(int n)
{
	int64_t deadline = time_steady_ms() + settings.redis_timeout_ms, asked_us = time_steady_us();
	redisReply *reply = NULL;

	if (!context_flush(asking.redis, deadline))
		return NULL;
	while (n-- > 0) {
		if (reply)
			freeReplyObject(reply);
		if (!(reply = context_reply(asking.redis, deadline)))
			return NULL;
	}
	histogram_add(&metrics->redis_times, HISTOGRAM_TIMES, time_steady_us() - asked_us);
	return reply;
}

/* An idle connection has nothing to say: if it can be read, Redis has ended it. */
static bool
asking_ready(void)
{
	if (asking.redis && !context_wait(asking.redis, POLLIN, 0))
		return true;
	if (asking.redis) {
		line_drop(&asking);
		asking.retry_ms = 0;
	}
	if (time_steady_ms() < asking.retry_ms)
		return false;
	asking.redis = context_connect();
	line_told(&asking, "presence", asking.redis != NULL);
	if (!asking.redis)
		line_drop(&asking);
	return asking.redis != NULL;
}

struct command {
	int argc;
	const char **argv;
};

/* Runs commands; the reply of the last one, of that type, or NULL. */
static redisReply *
ask(const struct command *commands, int n, int type)
{
	redisReply *reply = NULL;

	seat_leave();
	pthread_mutex_lock(&asking.lock);
	if (asking_ready()) {
		for (int i = 0; i < n; i++)
			redisAppendCommandArgv(asking.redis, commands[i].argc, commands[i].argv, NULL);
		reply = asking_exchange(n);
		if (!reply)
			line_drop(&asking);
	}
	pthread_mutex_unlock(&asking.lock);
	if (reply && reply->type != type) {
		log_line(LOG_ERROR, "redis_refused", "command=%s why=%s", commands[n - 1].argv[0],
			 reply->type == REDIS_REPLY_ERROR ? reply->str : "-");
		freeReplyObject(reply);
		reply = NULL;
	}
	return reply;
}

static bool
ask_integer(const struct command *command, long long *out)
{
	redisReply *reply = ask(command, 1, REDIS_REPLY_INTEGER);

	if (!reply)
		return false;
	*out = reply->integer;
	freeReplyObject(reply);
	return true;
}

bool
redis_ping(void)
{
	const char *argv[] = { "PING" };
	redisReply *reply = ask(&(struct command){ 1, argv }, 1, REDIS_REPLY_STATUS);

	if (reply)
		freeReplyObject(reply);
	return reply != NULL;
}

bool
redis_beat(int64_t user, int64_t device, const char *status)
{
	char ttl[ID_BYTES], now[TIME_TEXT_BYTES], u[ID_BYTES], d[ID_BYTES];
	const char *argv[] = { "EVAL", presence_beat_script, "0", settings.redis_prefix, ttl, now, u, d, status };
	long long changed;

	snprintf(ttl, sizeof ttl, "%ld", settings.presence_seconds * 1000);
	time_text(time_now_ms(), now);
	identifier_text(user, u);
	identifier_text(device, d);
	return ask_integer(&(struct command){ 9, argv }, &changed);
}

bool
redis_device_gone(int64_t user, int64_t device, bool *user_offline)
{
	char now[TIME_TEXT_BYTES], u[ID_BYTES], d[ID_BYTES];
	const char *argv[] = { "EVAL", presence_gone_script, "0", settings.redis_prefix, u, d, now };
	long long offline = 0;

	time_text(time_now_ms(), now);
	identifier_text(user, u);
	identifier_text(device, d);
	bool answered = ask_integer(&(struct command){ 7, argv }, &offline);
	*user_offline = offline == 1;
	return answered;
}

/* Arguments: some words, then ids as text. free() gives all of it back. */
static const char **
arguments_make(const char *const *words, int count, const int64_t *ids, int id_count)
{
	size_t table = (size_t)(count + id_count) * sizeof(char *);
	const char **argv = memory_alloc(table + (size_t)id_count * ID_BYTES);
	char *at = (char *)argv + table;

	for (int i = 0; i < count; i++)
		argv[i] = words[i];
	for (int i = 0; i < id_count; i++, at += ID_BYTES) {
		identifier_text(ids[i], at);
		argv[count + i] = at;
	}
	return argv;
}

bool
redis_presence(const int64_t *users, int count, const char **statuses)
{
	static const char *const known[] = { "online", "away" };
	const char *words[] = { "EVAL", presence_query_script, "0", settings.redis_prefix };
	const char **argv = arguments_make(words, 4, users, count);
	redisReply *reply = ask(&(struct command){ 4 + count, argv }, 1, REDIS_REPLY_ARRAY);
	bool whole = reply && reply->elements == (size_t)count;

	for (int i = 0; whole && i < count; i++) {
		const char *told = reply->element[i]->str;
		statuses[i] = "offline";
		for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
			if (told && strcmp(told, known[k]) == 0)
				statuses[i] = known[k];
	}
	if (reply)
		freeReplyObject(reply);
	free(argv);
	return whole;
}

bool
redis_watch(int64_t user, int64_t device, const int64_t *watched, int count)
{
	char key[CHANNEL_BYTES], seconds[ID_BYTES], channel[CHANNEL_BYTES], payload[ID_BYTES + 2];
	const char *begin[] = { "MULTI" }, *delete[] = { "DEL", key }, *expire[] = { "EXPIRE", key, seconds };
	const char *publish[] = { "PUBLISH", channel, payload }, *end[] = { "EXEC" };
	const char **add = arguments_make((const char *[]){ "SADD", key }, 2, watched, count);
	const struct command commands[] = { { 1, begin }, { 2, delete }, { 2 + count, add }, { 3, expire }, { 3, publish }, { 1, end } };
	const struct command emptying[] = { { 1, begin }, { 2, delete }, { 3, publish }, { 1, end } };

	snprintf(key, sizeof key, "%swatch:%ld:%ld", settings.redis_prefix, (long)user, (long)device);
	snprintf(seconds, sizeof seconds, "%d", WATCH_SECONDS);
	snprintf(channel, sizeof channel, "%su:%ld", settings.redis_prefix, (long)user);
	snprintf(payload, sizeof payload, "%c %ld", DOORBELL_WATCH, (long)device);
	redisReply *reply = count ? ask(commands, 6, REDIS_REPLY_ARRAY) : ask(emptying, 4, REDIS_REPLY_ARRAY);
	if (reply)
		freeReplyObject(reply);
	free(add);
	return reply != NULL;
}

void
redis_open(void)
{
	redis_tend();
}

void
redis_close(void)
{
	line_drop(&bell.line);
	line_drop(&asking);
}
