/* SPDX-License-Identifier: MIT */
/* What comes before a stream: the request's head, its route and credentials, and the plain HTTP answers. */
#ifndef PUSH_FRONT_H
#define PUSH_FRONT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "conn.h"
#include "http.h"

/* Bytes of a connection that has not been told apart yet, or of a further request on a long-poll's connection. */
void front_input(struct conn *c, uint8_t *data, size_t n);

/* Answers a request by the problem that belongs to a close reason (nothing was replied yet). */
void front_refuse(struct conn *c, enum close_reason why);

/* Is the peer a proxy of ours (settings.push_proxies)? */
bool front_is_proxy(const struct sockaddr_storage *peer);

/* Origin check and headers for pages of other sites: "" or one Access-Control-Allow-Origin block for this connection's reply. */
const char *front_cors(const struct conn *c);

#endif
