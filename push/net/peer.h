/* SPDX-License-Identifier: MIT */
/* Address of a connection's client, which may be behind a proxy. */
#ifndef PUSH_PEER_H
#define PUSH_PEER_H

#include <stdbool.h>
#include <sys/socket.h>

#include "push/net/conn.h"
#include "push/wire/http.h"

enum { PEER_TEXT_BYTES = 64 };

/*
 * Completes the default of settings.push_proxies, which is the loopback addresses. lighttpd on this
 * machine calls push from another address when push listens on another one.
 */
void peer_open(void);

/* Returns whether the peer is one of our proxies. */
bool peer_is_proxy(const struct sockaddr_storage *peer);

/* Takes the client's address from the X-Forwarded-For of a trusted proxy. */
void peer_note(struct conn *c, const struct http_head *head);

/* Writes the client's address for the log; "-" when it is not known. */
void peer_text(const struct conn *c, char out[PEER_TEXT_BYTES]);

/* Frees the text of the address. A live stream needs only its hash, for limits. */
void peer_forget(struct conn *c);

#endif
