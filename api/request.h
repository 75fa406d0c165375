/* SPDX-License-Identifier: MIT */
/* A request: what came over FastCGI, what the dispatcher found out about it, and the reply that goes back. */
#ifndef API_REQUEST_H
#define API_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "errors.h"
#include "lib/limits.h"

struct FCGX_Request;
struct json_t;
struct kept;
struct route;

enum { REQUEST_PATH_IDS = 2 };

/* What a handler returns: there is no way out of it without a reply. */
enum reply {
	REPLIED,
	REPLY_LATER, /* the request was given away: whoever has it makes the reply and calls reply_finish */
};

struct request {
	struct arena arena; /* everything of this request lives here */
	struct FCGX_Request *fcgi;
	struct kept *kept;
	int64_t started_us;

	/* what came; "" where nothing did */
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

	/* what the dispatcher found out */
	const struct route *route;
	int64_t user, device; /* of the access token; 0 without one */
	int64_t path_ids[REQUEST_PATH_IDS];
	struct json_t *json; /* the body, once input.c has read it */

	/* what goes back */
	int status;
	enum error error;
	const char *type;
	const char *reply;
	size_t reply_len;
	struct text headers;

	struct request *next; /* of those that are free */
};

/* Before the first of the others: where requests come from. And after the last: no request may be out. */
void requests_open(int socket);
void requests_close(void);

/* A request that is free, to accept with, and the way back when it is over. */
struct request *request_take(void);
void request_give(struct request *r);

/* Waits for the next request. False when none came for a while (the socket's receive timeout) or none can be taken now. */
bool request_accept(struct request *r) __attribute__((warn_unused_result));

/* Reads the body of content_length bytes. False when the client has sent less. */
bool request_read(struct request *r) __attribute__((warn_unused_result));

/* Sends the reply, writes the log line, and forgets everything of the request. */
void request_finish(struct request *r);

/* free_it(what) will be called when the request is over. */
void request_keep(struct request *r, void *what, void (*free_it)(void *));

#endif
