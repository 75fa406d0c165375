/* SPDX-License-Identifier: MIT */
/* The readiness of the whole server. */
#include "api/routes/ready.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "api/http/db_call.h"
#include "api/links/redis.h"
#include "lib/base/clock.h"
#include "lib/base/settings.h"
#include "lib/links/database.h"
#include "lib/links/sqlstate.h"

enum {
	GOOD_MS = 1000, /* the age up to which a result is reused */
	PUSH_WAIT_MS = 500,
	DATABASE_WAIT_MS = 2000, /* for each statement of a probe, with connecting */
	HANGS_MS = 5000,	 /* a probe that takes longer hangs, or its worker has died */
	LOOK_MS = 10,		 /* between two looks for the first result */
};

enum part { DATABASE = 1, SCHEMA = 2, REDIS = 4, PUSH = 8, CLOCK = 16, PART_BITS = 5 };

static struct ready_shared *shared;

void
ready_open(struct ready_shared *memory)
{
	shared = memory;
}

/* Packs a result and its time into one number, so that no reader sees a part of it. */
static int64_t
result_pack(const struct readiness *found, int64_t now_ms)
{
	int64_t parts = (found->database ? DATABASE : 0) | (found->schema ? SCHEMA : 0) | (found->redis ? REDIS : 0) | (found->push ? PUSH : 0) |
			(found->clock ? CLOCK : 0);

	return now_ms << PART_BITS | parts;
}

static struct readiness
result_unpack(int64_t last)
{
	return (struct readiness){
		.database = last & DATABASE, .schema = last & SCHEMA, .redis = last & REDIS, .push = last & PUSH, .clock = last & CLOCK
	};
}

static bool
push_probe(int fd, const struct addrinfo *at)
{
	static const char query[] = "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n";
	struct timeval wait = { 0, PUSH_WAIT_MS * 1000 };
	char answer[13] = "";

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	return connect(fd, at->ai_addr, at->ai_addrlen) == 0 && send(fd, query, sizeof query - 1, MSG_NOSIGNAL) == sizeof query - 1 &&
	       recv(fd, answer, 12, MSG_WAITALL) == 12 && memcmp(answer + 8, " 200", 4) == 0;
}

/* Returns whether push answers on its own port. */
static bool
push_answers(void)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM }, *at;
	char port[16];

	snprintf(port, sizeof port, "%ld", settings.push_port);
	if (getaddrinfo(settings.push_listen, port, &hints, &at) != 0)
		return false;
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool answers = fd >= 0 && push_probe(fd, at);
	if (fd >= 0)
		close(fd);
	freeaddrinfo(at);
	return answers;
}

static void
result_keep(const struct readiness *found)
{
	atomic_store(&shared->last, result_pack(found, clock_ms()));
}

/*
 * Probes the database. It counts as ready when it accepts a write, and when no statement of the
 * programs has met trouble recently.
 */
static void
probe_database(struct request *r, struct readiness *found)
{
	atomic_store(&shared->probing, DATABASE);
	r->wait_ms = DATABASE_WAIT_MS;
	struct rows *range = db_call(r, STATEMENT_SCHEMA_RANGE);
	bool answers = range || r->error == ERROR_INTERNAL;

	found->schema = range && database_serves(rows_number(range, 0, 0), rows_number(range, 0, 1));
	found->database = found->schema ? db_call(r, STATEMENT_SERVER_PROBE) && !sqlstate_trouble() : answers;
	struct rows *clock = found->database ? db_call(r, STATEMENT_CLOCK_STATE) : NULL;
	found->clock = clock && strcmp(rows_text(clock, 0, 0), "ok") == 0;
}

/*
 * Probes every part, the database first. Publishes its failure at once, so that other probes do not
 * wait for the rest.
 */
static struct readiness
probe(struct request *r)
{
	struct readiness found = result_unpack(atomic_load(&shared->last));

	probe_database(r, &found);
	if (!found.database)
		result_keep(&found);
	atomic_store(&shared->probing, REDIS);
	found.redis = redis_probe();
	atomic_store(&shared->probing, PUSH);
	found.push = push_answers();
	result_keep(&found);
	return found;
}

/* Marks the part as failed at which a probe hangs. */
static void
probe_hangs(void)
{
	struct readiness found = result_unpack(atomic_load(&shared->last));
	enum part part = atomic_load(&shared->probing);

	found.database = found.database && part != DATABASE;
	found.redis = found.redis && part != REDIS;
	found.push = found.push && part != PUSH;
	result_keep(&found);
}

/*
 * Claims the probe. Returns false when another request probes. When that probe hangs, its part has
 * failed, and this request probes again.
 */
static bool
probe_claim(int64_t now_ms)
{
	int64_t since = atomic_load(&shared->probing_ms);

	if (since && now_ms - since < HANGS_MS)
		return false;
	if (!atomic_compare_exchange_strong(&shared->probing_ms, &since, now_ms))
		return false;
	if (since)
		probe_hangs();
	return true;
}

struct readiness
ready_now(struct request *r)
{
	for (;;) {
		int64_t now = clock_ms(), last = atomic_load(&shared->last);
		if (last && now - (last >> PART_BITS) < GOOD_MS)
			return result_unpack(last);
		if (probe_claim(now)) {
			struct readiness found = probe(r);
			atomic_compare_exchange_strong(&shared->probing_ms, &now, 0);
			return found;
		}
		if (last)
			return result_unpack(last);
		nanosleep(&(struct timespec){ 0, LOOK_MS * 1000 * 1000 }, NULL);
	}
}
