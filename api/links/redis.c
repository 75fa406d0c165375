/* SPDX-License-Identifier: MIT */
/* Redis over two connections: one for notifications, one for queries. */
#include "api/links/redis.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/links/accept_slots.h"
#include "api/links/metrics.h"
#include "api/links/redis_sync.h"
#include "lib/base/clock.h"
#include "lib/base/id.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/settings.h"
#include "lib/chat/notification.h"
#include "lib/chat/presence.h"

enum {
	/* of notifications that Redis has not read; more are dropped */
	UNSENT_MAX_BYTES = 1024 * KIB,
	TYPING_MAX_BYTES = 64 * KIB, /* typing is dropped earlier */
	/* the notification connection is closed after this time without a reply */
	UNANSWERED_MAX_MS = 5000,
	WATCH_SECONDS = 86400,
	ID_BYTES = 24,
};

static struct {
	struct redis_sync redis;
	long unanswered; /* commands without a reply so far */
	/* the time of the last reply, or the last time at which none was due */
	int64_t answered_ms;
	long dropped;
	bool refused; /* the last reply was an error */
} publisher = { .redis = { .name = "notifications", .lock = PTHREAD_MUTEX_INITIALIZER } };

static struct redis_sync requester = { .name = "presence", .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- notifications ---- */

static size_t
publisher_unsent(void)
{
	return redis_link_unsent(&publisher.redis.link);
}

static void
publisher_drop(void)
{
	redis_sync_drop(&publisher.redis);
	redis_sync_log(&publisher.redis, false);
}

/* Logs the first reply that refuses to publish. */
static void
publisher_answered(const redisReply *reply)
{
	bool refused = reply->type == REDIS_REPLY_ERROR;

	if (refused && !publisher.refused)
		log_line(LOG_ERROR, "redis_refused", "command=PUBLISH why=%s", reply->str);
	publisher.refused = refused;
}

/*
 * Takes available replies without waiting. Returns false when the connection is broken or overdue.
 */
static bool
publisher_drain(void)
{
	void *reply = NULL;

	if (publisher.unanswered == 0) {
		publisher.answered_ms = clock_ms();
		return true;
	}
	if (!redis_link_read(&publisher.redis.link))
		return false;
	while (publisher.unanswered > 0) {
		if (redisGetReplyFromReader(publisher.redis.link.context, &reply) != REDIS_OK)
			return false;
		if (!reply)
			break;
		publisher_answered(reply);
		freeReplyObject(reply);
		publisher.unanswered--;
		publisher.answered_ms = clock_ms();
	}
	return clock_ms() - publisher.answered_ms < UNANSWERED_MAX_MS;
}

/* Writes what can be written without waiting. */
static void
publisher_flush(void)
{
	int done;

	if (publisher.redis.up && (!redis_link_write(&publisher.redis.link, &done) || !publisher_drain()))
		publisher_drop();
}

static void
publisher_command(int argc, const char **argv, const size_t *lens, size_t most)
{
	if (publisher.redis.up && publisher_unsent() > most)
		publisher_flush();
	if (!publisher.redis.up)
		return;
	if (publisher_unsent() > most) {
		publisher.dropped++;
		metrics_count(&metrics->redis_drops);
		return;
	}
	if (redisAppendCommandArgv(publisher.redis.link.context, argc, argv, lens) == REDIS_OK)
		publisher.unanswered++;
}

void
redis_tend(void)
{
	pthread_mutex_lock(&publisher.redis.lock);
	bool wanted = !publisher.redis.up;
	publisher_flush();
	if (publisher.dropped) {
		log_line(LOG_WARN, "redis_slow", "dropped=%ld", publisher.dropped);
		publisher.dropped = 0;
	}
	pthread_mutex_unlock(&publisher.redis.lock);
	if (!wanted)
		return;

	/* connects outside of the lock, because connecting may wait and publishing must not */
	struct redis_link link;
	bool up = redis_sync_connect(&link);
	pthread_mutex_lock(&publisher.redis.lock);
	publisher.redis.link = link;
	publisher.redis.up = up;
	publisher.unanswered = 0;
	publisher.answered_ms = clock_ms();
	redis_sync_log(&publisher.redis, up);
	pthread_mutex_unlock(&publisher.redis.lock);
}

void
redis_publish_begin(void)
{
	pthread_mutex_lock(&publisher.redis.lock);
}

void
redis_publish(const char *channel, const char *payload)
{
	char name[REDIS_KEY_BYTES];
	size_t n = (size_t)snprintf(name, sizeof name, "%s%s", settings.redis_prefix, channel);
	const char *argv[] = { "PUBLISH", name, payload };
	size_t lens[] = { 7, n, strlen(payload) };

	assert(n < sizeof name);
	publisher_command(3, argv, lens, UNSENT_MAX_BYTES);
}

void
redis_publish_end(void)
{
	publisher_flush();
	pthread_mutex_unlock(&publisher.redis.lock);
}

void
redis_typing(int64_t conversation, int64_t user)
{
	static const char script[] = "if redis.call('SET', ARGV[1], '', 'NX', 'PX', ARGV[2]) then redis.call('PUBLISH', ARGV[3], ARGV[4]) end";
	char key[REDIS_KEY_BYTES], pause[ID_BYTES], channel[REDIS_KEY_BYTES], payload[ID_BYTES + 2];
	const char *argv[] = { "EVAL", script, "0", key, pause, channel, payload };

	snprintf(key, sizeof key, "%styping:%ld:%ld", settings.redis_prefix, (long)conversation, (long)user);
	snprintf(pause, sizeof pause, "%d", LIMIT_TYPING_INTERVAL_MS);
	snprintf(channel, sizeof channel, "%sc:%ld", settings.redis_prefix, (long)conversation);
	snprintf(payload, sizeof payload, "%c %ld", NOTIFICATION_TYPING, (long)user);
	pthread_mutex_lock(&publisher.redis.lock);
	publisher_command(7, argv, NULL, TYPING_MAX_BYTES);
	publisher_flush();
	pthread_mutex_unlock(&publisher.redis.lock);
}

/* ---- queries ---- */

/* Sends n appended commands and returns the last reply, or NULL on failure. */
static redisReply *
requester_exchange(int n)
{
	int64_t deadline = clock_ms() + settings.redis_timeout_ms, asked_us = clock_us();
	redisReply *reply = NULL;

	if (!redis_sync_flush(&requester.link, deadline))
		return NULL;
	while (n-- > 0) {
		if (reply)
			freeReplyObject(reply);
		if (!(reply = redis_sync_reply(&requester.link, deadline)))
			return NULL;
	}
	histogram_add(&metrics->redis_times, HISTOGRAM_TIMES, clock_us() - asked_us);
	return reply;
}

/*
 * Ensures that the query connection is up. Readable input on an idle connection means that Redis
 * has closed it.
 */
static bool
requester_ready(void)
{
	if (requester.up && redis_sync_is_quiet(&requester.link))
		return true;
	if (requester.up) {
		redis_sync_drop(&requester);
		requester.retry_ms = 0;
	}
	if (clock_ms() < requester.retry_ms)
		return false;
	requester.up = redis_sync_connect(&requester.link);
	redis_sync_log(&requester, requester.up);
	if (!requester.up)
		redis_sync_drop(&requester);
	return requester.up;
}

struct redis_command {
	int argc;
	const char **argv;
};

/* Runs commands. Returns the reply to the last one if it has this type, else NULL. */
static redisReply *
query_run(const struct redis_command *commands, int n, int type)
{
	redisReply *reply = NULL;

	accept_slot_release();
	pthread_mutex_lock(&requester.lock);
	if (requester_ready()) {
		for (int i = 0; i < n; i++)
			redisAppendCommandArgv(requester.link.context, commands[i].argc, commands[i].argv, NULL);
		reply = requester_exchange(n);
		if (!reply)
			redis_sync_drop(&requester);
	}
	pthread_mutex_unlock(&requester.lock);
	if (reply && reply->type != type) {
		log_line(LOG_ERROR, "redis_refused", "command=%s why=%s", commands[n - 1].argv[0],
			 reply->type == REDIS_REPLY_ERROR ? reply->str : "-");
		freeReplyObject(reply);
		reply = NULL;
	}
	return reply;
}

static bool
query_integer(const struct redis_command *command, long long *out)
{
	redisReply *reply = query_run(command, 1, REDIS_REPLY_INTEGER);

	if (!reply)
		return false;
	*out = reply->integer;
	freeReplyObject(reply);
	return true;
}

bool
redis_probe(void)
{
	char key[REDIS_KEY_BYTES];
	const char *argv[] = { "SET", key, "1", "PX", "60000" };

	snprintf(key, sizeof key, "%sprobe:api", settings.redis_prefix);
	redisReply *reply = query_run(&(struct redis_command){ 5, argv }, 1, REDIS_REPLY_STATUS);

	if (reply)
		freeReplyObject(reply);
	return reply != NULL;
}

bool
redis_beat(int64_t user, int64_t device, const char *status)
{
	char ttl[ID_BYTES], now[CLOCK_TEXT_BYTES], u[ID_BYTES], d[ID_BYTES];
	const char *argv[] = { "EVAL", presence_beat_script, "0", settings.redis_prefix, ttl, now, u, d, status };
	long long changed;

	snprintf(ttl, sizeof ttl, "%ld", settings.presence_seconds * 1000);
	clock_text(clock_wall_ms(), now);
	id_text(user, u);
	id_text(device, d);
	return query_integer(&(struct redis_command){ 9, argv }, &changed);
}

bool
redis_device_remove(int64_t user, int64_t device, bool *user_offline)
{
	char now[CLOCK_TEXT_BYTES], u[ID_BYTES], d[ID_BYTES];
	const char *argv[] = { "EVAL", presence_remove_script, "0", settings.redis_prefix, u, d, now };
	long long offline = 0;

	clock_text(clock_wall_ms(), now);
	id_text(user, u);
	id_text(device, d);
	bool answered = query_integer(&(struct redis_command){ 7, argv }, &offline);
	*user_offline = offline == 1;
	return answered;
}

/* Makes a list of arguments: some words, then ids as text. One free() frees all of it. */
static const char **
arguments_make(const char *const *words, int count, const int64_t *ids, int id_count)
{
	size_t table = (size_t)(count + id_count) * sizeof(char *);
	const char **argv = memory_alloc(table + (size_t)id_count * ID_BYTES);
	char *at = (char *)argv + table;

	for (int i = 0; i < count; i++)
		argv[i] = words[i];
	for (int i = 0; i < id_count; i++, at += ID_BYTES) {
		id_text(ids[i], at);
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
	redisReply *reply = query_run(&(struct redis_command){ 4 + count, argv }, 1, REDIS_REPLY_ARRAY);
	bool whole = reply && reply->elements == (size_t)count;

	for (int i = 0; whole && i < count; i++) {
		const char *status = reply->element[i]->str;
		statuses[i] = "offline";
		for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
			if (status && strcmp(status, known[k]) == 0)
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
	char key[REDIS_KEY_BYTES], unwatch[REDIS_KEY_BYTES], seconds[ID_BYTES], channel[REDIS_KEY_BYTES], payload[ID_BYTES + 2];
	const char *begin[] = { "MULTI" }, *delete[] = { "DEL", key, unwatch }, *expire[] = { "EXPIRE", key, seconds };
	const char *empty[] = { "SET", unwatch, "", "EX", seconds };
	const char *publish[] = { "PUBLISH", channel, payload }, *end[] = { "EXEC" };
	const char **add = arguments_make((const char *[]){ "SADD", key }, 2, watched, count);
	const struct redis_command commands[] = { { 1, begin }, { 3, delete }, { 2 + count, add }, { 3, expire }, { 3, publish }, { 1, end } };
	const struct redis_command emptying[] = { { 1, begin }, { 3, delete }, { 5, empty }, { 3, publish }, { 1, end } };

	snprintf(key, sizeof key, "%swatch:%ld:%ld", settings.redis_prefix, (long)user, (long)device);
	snprintf(unwatch, sizeof unwatch, "%sunwatch:%ld:%ld", settings.redis_prefix, (long)user, (long)device);
	snprintf(seconds, sizeof seconds, "%d", WATCH_SECONDS);
	snprintf(channel, sizeof channel, "%su:%ld", settings.redis_prefix, (long)user);
	snprintf(payload, sizeof payload, "%c %ld", NOTIFICATION_WATCH, (long)device);
	redisReply *reply = count ? query_run(commands, 6, REDIS_REPLY_ARRAY) : query_run(emptying, 5, REDIS_REPLY_ARRAY);
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
	redis_sync_drop(&publisher.redis);
	redis_sync_drop(&requester);
}
