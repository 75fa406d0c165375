/* SPDX-License-Identifier: MIT */
/* Sends messages in the ways that the benchmarks compare. */
#include "sender.h"

#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "options.h"
#include "usage.h"
#include "wire.h"

enum { STOCK = 8192, STOCK_TIMES = 4, STOCK_CALL = 64, MOST_AT_ONCE = 1024 };

/* Events that are stored and not yet published. */
struct stock {
	pthread_mutex_t lock;
	pthread_cond_t filled, wanted;
	char *events[STOCK];
	unsigned first, end; /* a ring: first … end - 1 */
	unsigned batch;	     /* so many are to be there in any case */
	unsigned beforehand; /* sender_stock waits for so many */
};

struct sender {
	void (*send)(struct sender *, int n);
	bool stores; /* publish */
	long conversation, author;
	char *text;
	long mark; /* of this run, in every client_id */
	atomic_long sent;
	int fd; /* limit */
	redisContext *redis;
	PGconn *database;
	struct stock stock;
};

/* ---- limit ---- */

static void
limit_send(struct sender *s, int n)
{
	char drain[4096], bytes[MOST_AT_ONCE];

	while (recv(s->fd, drain, sizeof drain, MSG_DONTWAIT) > 0)
		;
	memset(bytes, '.', (size_t)n);
	if (send(s->fd, bytes, (size_t)n, MSG_NOSIGNAL) != n)
		usage_die("limit");
}

void
sender_frame(struct sender *s, long bytes)
{
	char line[64], answer;
	int n = snprintf(line, sizeof line, "pub %ld\n", bytes);

	if (s->fd >= 0)
		close(s->fd);
	s->fd = wire_connect((int)option_number("limit_port", 0));
	if (send(s->fd, line, (size_t)n, MSG_NOSIGNAL) != n || recv(s->fd, &answer, 1, 0) != 1)
		usage_die("limit");
}

static void
limit_open(struct sender *s)
{
	s->send = limit_send;
	sender_frame(s, option_number("frame_bytes", 500));
}

/* ---- publish ---- */

/*
 * Stores a batch of messages by one call, since PostgreSQL has the client's core, and keeps what is
 * to be published.
 */
static void
stock_fill(struct sender *s, unsigned n)
{
	static const char sql[] = "select m.event from (select array_agg($2::bigint) c, array_agg($3::bigint) s, array_agg($4 || '.' || k) i, "
				  "array_agg($5::text) t, array_agg(null::jsonb) d, array_agg(null::bigint) r from generate_series(1, $1::int) k) b, "
				  "lateral messages_send(b.c, b.s, b.i, b.t, b.d, b.r) m";
	char count[16], conversation[24], author[24], mark[64];
	const char *values[] = { count, conversation, author, mark, s->text };

	snprintf(count, sizeof count, "%u", n);
	snprintf(conversation, sizeof conversation, "%ld", s->conversation);
	snprintf(author, sizeof author, "%ld", s->author);
	snprintf(mark, sizeof mark, "d%ld.%ld", s->mark, atomic_fetch_add(&s->sent, 1));
	PGresult *r = PQexecParams(s->database, sql, 5, NULL, values, NULL, NULL, 0);
	if (PQresultStatus(r) != PGRES_TUPLES_OK || (unsigned)PQntuples(r) != n || PQgetisnull(r, 0, 0)) {
		fprintf(stderr, "messages_send: %s%s\n", PQerrorMessage(s->database), PQntuples(r) ? " no event" : "");
		exit(1);
	}
	pthread_mutex_lock(&s->stock.lock);
	for (unsigned i = 0; i < n; i++)
		s->stock.events[s->stock.end++ % STOCK] = strdup(PQgetvalue(r, (int)i, 0));
	pthread_cond_signal(&s->stock.filled);
	pthread_mutex_unlock(&s->stock.lock);
	PQclear(r);
}

/* How many one call is to store now; 0 for none. */
static unsigned
stock_lacks(const struct stock *k)
{
	unsigned there = k->end - k->first;

	if (there < k->beforehand)
		return STOCK_CALL;
	return there < k->batch ? k->batch : 0;
}

/*
 * Keeps four to eight times as many in stock as are in flight, since a call for many costs less for
 * each and need not be waited for; and as many as are asked for beforehand. What lies there for
 * long is found by push's sweep before it is published.
 */
static void *
stock_thread(void *argument)
{
	struct sender *s = argument;

	for (;;) {
		unsigned n;
		pthread_mutex_lock(&s->stock.lock);
		while ((n = stock_lacks(&s->stock)) == 0)
			pthread_cond_wait(&s->stock.wanted, &s->stock.lock);
		pthread_mutex_unlock(&s->stock.lock);
		stock_fill(s, n);
	}
	return NULL;
}

static void
publish_stock(struct sender *s, unsigned n)
{
	pthread_mutex_lock(&s->stock.lock);
	s->stock.beforehand = n < STOCK - STOCK_CALL ? n : STOCK - STOCK_CALL;
	pthread_cond_signal(&s->stock.wanted);
	while (s->stock.end - s->stock.first < s->stock.beforehand)
		pthread_cond_wait(&s->stock.filled, &s->stock.lock);
	s->stock.beforehand = 0;
	pthread_mutex_unlock(&s->stock.lock);
}

static char *
stock_take(struct sender *s)
{
	pthread_mutex_lock(&s->stock.lock);
	while (s->stock.end == s->stock.first)
		pthread_cond_wait(&s->stock.filled, &s->stock.lock);
	char *event = s->stock.events[s->stock.first++ % STOCK];
	if (stock_lacks(&s->stock))
		pthread_cond_signal(&s->stock.wanted);
	pthread_mutex_unlock(&s->stock.lock);
	return event;
}

static void
publish_send(struct sender *s, int n)
{
	int done = 0;

	for (int i = 0; i < n; i++) {
		char *event = stock_take(s);
		if (redisAppendCommand(s->redis, "PUBLISH %sc:%ld %b", option_text("prefix", "banter:"), s->conversation, event, strlen(event)) !=
		    REDIS_OK)
			usage_die("redis");
		free(event);
	}
	while (!done)
		if (redisBufferWrite(s->redis, &done) != REDIS_OK)
			usage_die("redis");
}

static void
publish_open(struct sender *s, int ahead)
{
	pthread_t thread;

	s->send = publish_send;
	s->stores = true;
	s->database = PQconnectdb(option_text("database", ""));
	s->redis = redisConnectUnix(option_text("redis", ""));
	if (PQstatus(s->database) != CONNECTION_OK || !s->redis || s->redis->err) {
		fprintf(stderr, "publish: %s%s\n", PQerrorMessage(s->database), s->redis ? s->redis->errstr : "");
		exit(1);
	}
	/* or Redis would write its answer, which nobody reads, before it writes to push */
	redisAppendCommand(s->redis, "CLIENT REPLY OFF");
	s->stock.batch = (unsigned)ahead * STOCK_TIMES;
	pthread_mutex_init(&s->stock.lock, NULL);
	pthread_cond_init(&s->stock.filled, NULL);
	pthread_cond_init(&s->stock.wanted, NULL);
	if (pthread_create(&thread, NULL, stock_thread, s) != 0)
		usage_die("pthread_create");
}

struct sender *
sender_open(const char *kind, int ahead)
{
	struct sender *s = calloc(1, sizeof *s);
	long bytes = option_number("text_bytes", 200);

	s->fd = -1;
	s->conversation = option_number("conversation", 0);
	s->author = option_number("author", 0);
	s->mark = (long)(usage_now() / 1000);
	s->text = memset(calloc(1, (size_t)bytes + 1), 'x', (size_t)bytes);
	if (strcmp(kind, "limit") == 0)
		limit_open(s);
	else if (strcmp(kind, "publish") == 0)
		publish_open(s, ahead);
	else
		usage_die(kind);
	return s;
}

void
sender_send(struct sender *s, int n)
{
	if (n > 0)
		s->send(s, n);
}

void
sender_stock(struct sender *s, int n)
{
	if (s->stores)
		publish_stock(s, (unsigned)n);
}
