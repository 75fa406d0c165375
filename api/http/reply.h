/* SPDX-License-Identifier: MIT */
/* Replies: a body of JSON or a problem (RFC 9457), and the headers of every reply. */
#ifndef API_REPLY_H
#define API_REPLY_H

#include "api/http/request.h"

/* Replies with a JSON body, which must live as long as the request. */
enum reply reply_json(struct request *r, int status, const char *json);

/* Replies with a status and no body. */
enum reply reply_status(struct request *r, int status);

/*
 * Reply with a problem. detail is for people, and field names the wrong field; either may be NULL.
 * 429 and 503 get a Retry-After.
 */
enum reply reply_error(struct request *r, enum error error);
enum reply reply_error_detail(struct request *r, enum error error, const char *detail);
enum reply reply_error_field(struct request *r, enum error error, const char *field, const char *detail);

/* Adds a header to the reply. format makes its value. */
void reply_header(struct request *r, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Sends the reply with its status line and headers. Ends the request. */
void reply_finish(struct request *r);

#endif
