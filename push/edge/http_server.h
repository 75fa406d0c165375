/* SPDX-License-Identifier: MIT */
/*
 * HTTP server before a stream exists: reads the head of a request, finds its route and credentials,
 * and sends plain HTTP answers.
 */
#ifndef PUSH_HTTP_SERVER_H
#define PUSH_HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "push/net/conn.h"
#include "push/wire/http.h"

/*
 * Takes input of a connection without a transport yet, or a further request on a long-poll's
 * connection.
 */
void http_server_input(struct conn *c, uint8_t *data, size_t n);

/* Answers a request with the error of a close reason, unless a reply has begun. */
void http_server_refuse(struct conn *c, enum close_reason why);

/* Returns the CORS headers of this connection's reply: a block for an allowed origin, or "". */
const char *http_server_cors(const struct conn *c);

#endif
