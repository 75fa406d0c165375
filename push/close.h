/* SPDX-License-Identifier: MIT */
/* Why a stream ends: the table of close codes (docs/events.md). */
#ifndef PUSH_CLOSE_H
#define PUSH_CLOSE_H

#include <stdio.h>

enum close_reason {
	CLOSE_NONE,
	CLOSE_NORMAL, /* the peer asked for it */
	CLOSE_GONE,   /* the peer is away; nothing can be said */
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
	int code; /* on the wire; 0: none is sent */
	const char *name;
	const char *problem; /* the error code of an HTTP reply that was not begun yet */
	int status;	     /* and its status */
};

const struct close_row *close_row(enum close_reason why);

/* Should the peer come back by itself? (codes below 4500) */
int close_comes_back(enum close_reason why);

/* The reason for a code of frame_read. */
enum close_reason close_of_frame(int code);

/* Prints "CODE name" for each code that the server sends. */
void close_print(FILE *to);

#endif
