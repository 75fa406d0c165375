/* SPDX-License-Identifier: MIT */
/*
 * Messages of a client on a WebSocket: one JSON object per text message, read into a struct. up.c
 * has the table of types.
 */
#ifndef PUSH_UP_H
#define PUSH_UP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../lib/pg_array.h"
#include "../lib/limits.h"

enum { UP_TOKEN_BYTES = 4 * KIB };

enum up_type { UP_AUTH, UP_ACK, UP_HEARTBEAT, UP_TYPING, UP_WATCH, UP_SEND };

/* A parsed message. Its texts are valid until up_free. */
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
	char *data;	  /* send: JSON without its blanks, or NULL */
	int64_t reply_to; /* 0: none */
	struct pg_array mentions_list;
	const char *mentions; /* send: ids as a PostgreSQL array, 0 for all members; NULL: none */
	int64_t *users;	      /* watch */
	int users_count;
	void *root; /* parsed JSON that the texts point into */
};

/*
 * Reason for which a frame was refused. It is answered with an error frame, and the stream
 * continues. The codes are those of openapi.yaml, which REST uses for the same mistake. A newer
 * client may send a type that an older server does not know.
 */
struct up_error {
	const char *code;			   /* malformed_json, invalid_body, unknown_type, unknown_field, text_too_long, too_many_mentions */
	char field[64];				   /* name of the field, or empty; UTF-8, cut off when it is longer */
	char client_id[LIMIT_CLIENT_ID_BYTES + 1]; /* of the refused frame, if it can be read */
};

/*
 * Reads n bytes: an object of a known type, with known fields of the right types and sizes. Refuses
 * invalid UTF-8, NUL, duplicate keys, and data that message_data_refusal refuses. On false the
 * error is filled, and nothing needs to be freed.
 */
bool up_read(const char *text, size_t n, struct up *out, struct up_error *error) __attribute__((warn_unused_result));
void up_free(struct up *up);

#endif
