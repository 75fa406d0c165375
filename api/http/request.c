/* SPDX-License-Identifier: MIT */
/* Requests over FastCGI. No other file uses libfcgi. */
#include "api/http/request.h"

#include <errno.h>
#include <fcgiapp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/links/metrics.h"
#include "lib/auth/token.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"

enum { LOG_PATH_BYTES = 256, ACCEPT_PAUSE_US = 10 * 1000 };

struct owned {
	struct owned *next;
	void *what;
	void (*free_it)(void *);
};

/* The parts of a request id of our own: a random text of this process and a number. */
static char id_prefix[12];
static atomic_ulong id_count;

static int listening;

/* Unused requests. The most recently used one is taken first, because its memory is warm. */
static struct {
	pthread_mutex_t lock;
	struct request *first;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

void
requests_open(int socket)
{
	char random[RANDOM_TOKEN_BYTES];

	listening = socket;
	FCGX_Init();
	token_random(random);
	for (int i = 0, n = 0; n < 10 && random[i]; i++)
		if (random[i] != '-' && random[i] != '_')
			id_prefix[n++] = random[i];
}

static struct request *
request_new(void)
{
	struct request *r = memory_alloc(sizeof *r);

	r->fcgi = memory_alloc(sizeof *r->fcgi);
	FCGX_InitRequest(r->fcgi, listening, 0);
	return r;
}

struct request *
request_take(void)
{
	pthread_mutex_lock(&pool.lock);
	struct request *r = pool.first;
	if (r)
		pool.first = r->next;
	pthread_mutex_unlock(&pool.lock);
	return r ? r : request_new();
}

void
request_give(struct request *r)
{
	pthread_mutex_lock(&pool.lock);
	r->next = pool.first;
	pool.first = r;
	pthread_mutex_unlock(&pool.lock);
}

void
requests_close(void)
{
	while (pool.first) {
		struct request *r = pool.first;
		pool.first = r->next;
		FCGX_Free(r->fcgi, 1);
		free(r->fcgi);
		arena_free(&r->arena);
		free(r);
	}
}

static bool
id_is_good(const char *id)
{
	size_t n = strlen(id);

	return n >= 1 && n <= LIMIT_REQUEST_ID_BYTES && strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

static void
request_identify(struct request *r, const char *id)
{
	if (id_is_good(id))
		strcpy(r->id, id);
	else
		snprintf(r->id, sizeof r->id, "%s-%lx", id_prefix, atomic_fetch_add_explicit(&id_count, 1, memory_order_relaxed) + 1);
}

/*
 * The variables of FastCGI that are read, and their places. A client can send any header. Of those,
 * only Authorization is trusted.
 */
static const struct {
	const char *name;
	size_t offset;
} variables[] = {
	{ "REQUEST_METHOD=", .offset = offsetof(struct request, method) },
	{ "REQUEST_URI=", .offset = offsetof(struct request, path) },
	{ "QUERY_STRING=", .offset = offsetof(struct request, query) },
	{ "REMOTE_ADDR=", .offset = offsetof(struct request, address) },
	{ "CONTENT_TYPE=", .offset = offsetof(struct request, content_type) },
	{ "CONTENT_LENGTH=", .offset = offsetof(struct request, length) },
	{ "HTTP_AUTHORIZATION=", .offset = offsetof(struct request, authorization) },
	{ "HTTP_ORIGIN=", .offset = offsetof(struct request, origin) },
	{ "HTTP_ACCESS_CONTROL_REQUEST_METHOD=", .offset = offsetof(struct request, asked_method) },
	{ "HTTP_X_REQUEST_ID=", .offset = offsetof(struct request, asked_id) },
};

static const char **
variable_place(struct request *r, size_t i)
{
	return (const char **)((char *)r + variables[i].offset);
}

static void
request_variables(struct request *r)
{
	enum { VARIABLES = sizeof variables / sizeof variables[0] };

	for (size_t i = 0; i < VARIABLES; i++)
		*variable_place(r, i) = "";
	for (char **v = r->fcgi->envp; *v; v++) {
		for (size_t i = 0; i < VARIABLES; i++) {
			size_t n = strlen(variables[i].name);
			if (strncmp(*v, variables[i].name, n) == 0)
				*variable_place(r, i) = *v + n;
		}
	}
	r->path = arena_copy(&r->arena, r->path, strcspn(r->path, "?"));
	/* libfcgi frees its copy before the log line is written */
	r->method = arena_copy(&r->arena, r->method, strlen(r->method));
	r->address = arena_copy(&r->arena, r->address, strlen(r->address));
	r->content_length = strtol(r->length, NULL, 10);
}

bool
request_accept(struct request *r)
{
	int failed = FCGX_Accept_r(r->fcgi);

	if (failed == -EMFILE || failed == -ENFILE || failed == -ENOMEM) {
		log_line(LOG_ERROR, "accept_failed", "why=%s", strerror(-failed));
		usleep(ACCEPT_PAUSE_US);
	}
	if (failed)
		return false;
	r->started_us = clock_us();
	r->headers.arena = &r->arena;
	request_variables(r);
	request_identify(r, r->asked_id);
	return true;
}

bool
request_read(struct request *r)
{
	if (r->content_length <= 0)
		return true;
	char *body = arena_alloc(&r->arena, (size_t)r->content_length + 1);
	int n = FCGX_GetStr(body, (int)r->content_length, r->fcgi->in);
	r->body = body;
	r->body_len = n > 0 ? (size_t)n : 0;
	return n == r->content_length;
}

/*
 * Reads the rest of the input. Otherwise the front server would see the connection as broken when
 * it is closed.
 */
static void
request_drain(struct request *r)
{
	char rest[4096];

	while (FCGX_GetStr(rest, sizeof rest, r->fcgi->in) == (int)sizeof rest)
		;
}

/*
 * Returns the client's address for the log of a refused request. Operators need it to find clients
 * that guess or flood.
 */
static const char *
logged_address(const struct request *r)
{
	return *r->address && (r->status == 401 || r->status == 429) ? r->address : "-";
}

static void
request_log(const struct request *r)
{
	char path[LOG_PATH_BYTES];

	metrics_request(r->route ? r->route_place : METRICS_NO_ROUTE, r->rate == RATE_SEND, r->status, clock_us() - r->started_us);
	snprintf(path, sizeof path, "%s", r->path);
	log_line(r->status >= 500 ? LOG_WARN : LOG_INFO, "request",
		 "id=%s method=%s path=%s status=%d user=%ld ms=%.2f in=%zu out=%zu code=%s address=%s", r->id, r->method, path, r->status,
		 (long)r->user, (double)(clock_us() - r->started_us) / 1000, r->body_len, r->reply_len, r->error ? error_row(r->error)->code : "-",
		 logged_address(r));
}

static void
request_forget(struct request *r)
{
	struct FCGX_Request *fcgi = r->fcgi;
	struct arena arena;

	while (r->owned) {
		struct owned *k = r->owned;
		r->owned = k->next;
		k->free_it(k->what);
	}
	arena_reset(&r->arena);
	arena = r->arena;
	memset(r, 0, sizeof *r);
	r->fcgi = fcgi;
	r->arena = arena;
}

void
request_finish(struct request *r)
{
	FCGX_Stream *out = r->fcgi->out;

	request_drain(r);
	FCGX_PutStr(r->headers.bytes, (int)r->headers.len, out);
	FCGX_PutStr(r->reply, (int)r->reply_len, out);
	/*
	 * All input is read, so there is no need to linger. Without this call each reply would wait
	 * until the front server closes.
	 */
	FCGX_Detach(r->fcgi);
	FCGX_Finish_r(r->fcgi);
	request_log(r);
	request_forget(r);
}

void
request_own(struct request *r, void *what, void (*free_it)(void *))
{
	struct owned *k = arena_alloc(&r->arena, sizeof *k);

	*k = (struct owned){ r->owned, what, free_it };
	r->owned = k;
}
