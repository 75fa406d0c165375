/* SPDX-License-Identifier: MIT */
/* Reasons for which a stream closes: the table of close codes (docs/events.md). */
#ifndef PUSH_CLOSE_H
#define PUSH_CLOSE_H

#include <stdio.h>

#include "lib/chat/errors.h"

enum close_reason {
	CLOSE_NONE,
	CLOSE_NORMAL, /* the client has closed, or has its plain HTTP answer */
	CLOSE_GONE,   /* the connection is lost: no close frame can be sent */
	CLOSE_DRAIN,
	CLOSE_SLOW_READER,
	CLOSE_TOKEN_EXPIRED,
	CLOSE_LIFETIME,
	CLOSE_UNAVAILABLE,
	CLOSE_IDLE,
	CLOSE_TOO_MANY_STREAMS,
	CLOSE_REVOKED,
	CLOSE_BAD_CREDENTIALS,
	CLOSE_PROTOCOL,
	CLOSE_FORBIDDEN_ORIGIN,
	CLOSE_AUTH_TIMEOUT,
	CLOSE_PROTOCOL_ERROR,
	CLOSE_UNSUPPORTED_DATA,
	CLOSE_INVALID_UTF8,
	CLOSE_TOO_BIG,
	CLOSE_REASONS
};

struct close_row {
	int code; /* code in the close frame; 0: none is sent */
	const char *name;
	enum error error; /* of the HTTP reply, when no reply has begun */
};

const struct close_row *close_row(enum close_reason why);

/* Returns whether the client should reconnect by itself: codes 4000 to 4499. */
int close_comes_back(enum close_reason why);

/* Returns the close reason for a code of frame_read. */
enum close_reason close_of_frame(int code);

/* Prints "CODE name" for each code that the server sends. */
void close_print(FILE *to);

#endif
