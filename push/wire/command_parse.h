/* SPDX-License-Identifier: MIT */
/*
 * Messages of a client on a WebSocket: one JSON object per text message, read into a struct.
 * command_parse.c has the tables of types and of fields.
 */
#ifndef PUSH_COMMAND_PARSE_H
#define PUSH_COMMAND_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/limits.h"
#include "lib/chat/message_draft.h"

struct json_t;

enum { COMMAND_TYPE_BYTES = 64, COMMAND_TOKEN_BYTES = 4 * KIB };

enum command_type { COMMAND_AUTH, COMMAND_ACK, COMMAND_HEARTBEAT, COMMAND_TYPING, COMMAND_WATCH, COMMAND_SEND };

/* A parsed message. Its texts are valid until command_free. */
struct command {
	enum command_type type;
	const char *name;	    /* of the type */
	const char *token;	    /* auth */
	const char *cursor;	    /* auth (may be NULL), ack */
	const char *status;	    /* heartbeat: "online", "away" or NULL */
	int64_t conversation;	    /* typing */
	struct id_list users;	    /* watch */
	struct message_draft draft; /* send: all but its sender */
	struct arena arena;	    /* memory of the fields … */
	struct json_t *root;	    /* … and the parsed JSON that the texts point into */
};

/*
 * Reason for which a frame was refused. It is answered with an error frame, and the stream
 * continues. The errors are those of REST for the same mistake, and unknown_type: a newer client
 * may send a type that an older server does not know.
 */
struct command_error {
	enum error error;
	/* name of the field, or empty; UTF-8, cut off when it is longer */
	char field[64];
	char client_id[LIMIT_CLIENT_ID_BYTES + 1]; /* of the refused frame, if it can be read */
};

/*
 * Reads n bytes: an object of a known type, with known fields of the right types and sizes. Refuses
 * invalid UTF-8, NUL, duplicate keys, and data that message_data_refusal refuses. On false the
 * error is filled, and nothing needs to be freed.
 */
bool command_parse(const char *text, size_t n, struct command *out, struct command_error *error) __attribute__((warn_unused_result));
void command_free(struct command *command);

#endif
