/* SPDX-License-Identifier: MIT */
/* The parameters of messages_send, the SQL function that stores a batch of messages: an array for each, made message by message. */
#ifndef LIB_SENDS_H
#define LIB_SENDS_H

#include <stdint.h>

#include "array.h"

enum { SENDS_PARAMS = 6 };

#define SENDS_STATEMENT "select status, message, event from messages_send($1, $2, $3, $4, $5, $6)"

/* All zero is an empty batch. */
struct sends {
	struct array columns[SENDS_PARAMS];
};

/* data: JSON or NULL; reply_to: 0 for none. Everything is copied. */
void sends_add(struct sends *s, int64_t conversation, int64_t sender, const char *client_id, const char *text, const char *data, int64_t reply_to);

/* Parameter i, as long as the batch lives; nothing may be added after it was asked for. */
const char *sends_param(struct sends *s, int i);

/* Empties the batch, which may be used again. */
void sends_free(struct sends *s);

#endif
