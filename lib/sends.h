/* SPDX-License-Identifier: MIT */
/*
 * The parameters of messages_send, the SQL function that stores a batch of messages. Each parameter
 * is an array with an element for each message.
 */
#ifndef LIB_SENDS_H
#define LIB_SENDS_H

#include <stdint.h>

#include "pg_array.h"

enum { SENDS_ARRAYS = 7, SENDS_PARAMS };

#define SENDS_STATEMENT "select status, message, event from messages_send($1, $2, $3, $4, $5, $6, $8, $7)"

/* A batch's parameters. All zero is an empty batch. */
struct sends {
	struct pg_array columns[SENDS_ARRAYS];
	char wait_ms[12];
};

/* A message to store. The caller owns the texts. */
struct sends_message {
	int64_t conversation, sender;
	const char *client_id, *text;
	const char *data;     /* JSON or NULL */
	const char *mentions; /* ids as a PostgreSQL array, 0 for all; NULL: the database searches the text for names */
	int64_t reply_to;     /* 0: none */
};

/* Adds a message. Copies its texts. */
void sends_add(struct sends *s, const struct sends_message *m);

/*
 * Sets how long the call may wait for the locks of the first message's conversation. Without it the
 * call does not wait.
 */
void sends_wait(struct sends *s, int wait_ms);

/* Returns parameter i, valid while the batch exists. Nothing may be added afterwards. */
const char *sends_param(struct sends *s, int i);

/* Empties the batch, which may be used again. */
void sends_free(struct sends *s);

#endif
