/* SPDX-License-Identifier: MIT */
/* A request: its input over FastCGI, the dispatcher's findings, and its reply. */
#ifndef API_REQUEST_H
#define API_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/auth/limiter.h"
#include "lib/base/arena.h"
#include "lib/base/limits.h"
#include "lib/chat/errors.h"

struct FCGX_Request;
struct json_t;
struct owned;
struct rest_route;

enum { REQUEST_PATH_IDS = 2 };

/* The result of a handler. Every handler replies, or passes the request on. */
enum reply {
	REPLIED,
	REPLY_LATER, /* the request was passed on: its new owner replies and calls reply_finish */
};

struct request {
	struct arena arena; /* holds all memory of the request */
	struct FCGX_Request *fcgi;
	struct owned *owned;
	int64_t started_us;

	/* the input; "" for absent parts */
	const char *method;
	const char *path; /* as sent, without the query */
	const char *query;
	const char *authorization;
	const char *origin;
	const char *content_type;
	const char *asked_method; /* Access-Control-Request-Method */
	const char *asked_id;	  /* X-Request-Id */
	const char *address;
	const char *length;
	long content_length;
	char id[LIMIT_REQUEST_ID_BYTES + 1];
	const char *body;
	size_t body_len;

	/* the dispatcher's findings */
	const struct rest_route *route; /* NULL: unknown */
	int route_place;		/* place of the route in its table */
	enum rate_class rate;
	int64_t user, device; /* from the access token; 0 without one */
	int64_t path_ids[REQUEST_PATH_IDS];
	struct json_t *json; /* the body, once input.c has parsed it */
	/* for each statement, if shorter than settings.api_wait_ms; 0: not set */
	long wait_ms;

	/* the reply */
	int status;
	enum error error;
	const char *type;
	const char *reply;
	size_t reply_len;
	struct text headers;

	struct request *next; /* in the list of unused requests */
};

/*
 * Sets the socket that requests are accepted from, before any other call here. And frees all
 * requests; none may be in use.
 */
void requests_open(int socket);
void requests_close(void);

/* Take an unused request, and return it when it is over. */
struct request *request_take(void);
void request_give(struct request *r);

/*
 * Waits for the next request. Returns false when none arrived for a while (the socket's receive
 * timeout), or when none can be accepted now.
 */
bool request_accept(struct request *r) __attribute__((warn_unused_result));

/* Reads the body of content_length bytes. Returns false when the client sent less. */
bool request_read(struct request *r) __attribute__((warn_unused_result));

/* Sends the reply, writes the log line, and frees everything of the request. */
void request_finish(struct request *r);

/* Has free_it(what) called when the request is over. */
void request_own(struct request *r, void *what, void (*free_it)(void *));

#endif
