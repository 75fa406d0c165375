/* SPDX-License-Identifier: MIT */
/* Replies: a body of JSON, or a problem (RFC 9457), and the headers that go with every reply. */
#ifndef API_REPLY_H
#define API_REPLY_H

#include "request.h"

/* A JSON body, which lives as long as the request. */
enum reply reply_json(struct request *r, int status, const char *json);

/* A status without a body. */
enum reply reply_status(struct request *r, int status);

/* A problem. detail is for people, field names what is wrong; either may be NULL. Retry-After goes with 429 and 503. */
enum reply reply_error(struct request *r, enum error error);
enum reply reply_error_detail(struct request *r, enum error error, const char *detail);
enum reply reply_error_field(struct request *r, enum error error, const char *field, const char *detail);

/* Adds a header to the reply that will be made: name and the value by format. */
void reply_header(struct request *r, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Sends the reply that was made, with status line and headers. The request is over. */
void reply_finish(struct request *r);

#endif
