/* SPDX-License-Identifier: MIT */
/* Opening handshake of a WebSocket (RFC 6455, section 4.2). */
#ifndef PUSH_HANDSHAKE_H
#define PUSH_HANDSHAKE_H

#include "push/wire/http.h"

enum { HANDSHAKE_ACCEPT_BYTES = 29 }; /* Sec-WebSocket-Accept and NUL */

/* Headers that a reply with status 426 needs. */
#define HANDSHAKE_VERSION_HEADERS "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"

/*
 * Returns the status of the answer:
 * - 101: a handshake; accept receives the value of Sec-WebSocket-Accept
 * - 400: no handshake, such as HTTP/1.0, no upgrade, or a key that is not 16 bytes in base64
 * - 405: the method is not GET
 * - 426: another version of the protocol, or none
 */
int handshake_read(const struct http_head *head, char accept[HANDSHAKE_ACCEPT_BYTES]);

#endif
