/* SPDX-License-Identifier: MIT */
/* What a client sends up the socket: one JSON object per text message, read into one struct. The table of frame types is in up.c. */
#ifndef PUSH_UP_H
#define PUSH_UP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../lib/limits.h"

enum up_type { UP_AUTH, UP_ACK, UP_HEARTBEAT, UP_TYPING, UP_WATCH, UP_SEND };

/* Texts are the caller's only as long as the struct is; up_free gives all of it back. */
struct up {
	enum up_type type;
	const char *token;  /* auth */
	const char *cursor; /* auth (may be NULL), ack */
	size_t cursor_len;
	bool away;	       /* heartbeat: status "away" */
	int64_t conversation;  /* typing, send */
	const char *client_id; /* send */
	const char *text;
	size_t text_len;
	char *data;	  /* send: JSON as it came but for the blanks, or NULL */
	int64_t reply_to; /* 0: none */
	int64_t *users;	  /* watch */
	int users_count;
	void *root; /* what the texts point into */
};

/*
 * Why a frame was refused; names are the error codes of openapi.yaml. malformed_json: it is not JSON, no object, or of no known type, so
 * that there is nobody to answer (docs/events.md ends such a stream). All others are answered with an error frame.
 */
struct up_error {
	const char *code;			   /* malformed_json, invalid_body, unknown_field, text_too_long */
	char field[64];				   /* which field, or empty; UTF-8, cut off when the client's own name for it is longer */
	char client_id[LIMIT_CLIENT_ID_BYTES + 1]; /* of the refused message.send, if it could be read */
};

/*
 * Reads n bytes. Strict: an object, known type, known fields of the right types and sizes, valid UTF-8, no NUL, no duplicate keys,
 * data not deeper than 64. On false the error is filled and nothing needs to be freed.
 */
bool up_read(const char *text, size_t n, struct up *out, struct up_error *error) __attribute__((warn_unused_result));
void up_free(struct up *up);

#endif
