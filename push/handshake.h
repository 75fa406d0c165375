/* SPDX-License-Identifier: MIT */
/* The opening handshake of a WebSocket (RFC 6455, section 4.2). */
#ifndef PUSH_HANDSHAKE_H
#define PUSH_HANDSHAKE_H

#include "http.h"

enum { HANDSHAKE_ACCEPT_BYTES = 29 }; /* Sec-WebSocket-Accept and NUL */

/* What goes with status 426. */
#define HANDSHAKE_VERSION_HEADERS "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"

/*
 * The status to answer with: 101, and what Sec-WebSocket-Accept is to be in accept; 405 when the method is not GET, 426 for another version of the
 * protocol, or none, 400 for what is no handshake: HTTP/1.0, no upgrade, a key that is not 16 bytes in base64.
 */
int handshake_read(const struct http_head *head, char accept[HANDSHAKE_ACCEPT_BYTES]);

#endif
