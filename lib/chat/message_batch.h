/* SPDX-License-Identifier: MIT */
/*
 * The parameters of messages_send, the SQL function that stores a batch of messages. Each parameter
 * is an array with an element for each message; the last one is a number.
 */
#ifndef LIB_MESSAGE_BATCH_H
#define LIB_MESSAGE_BATCH_H

#include "lib/base/pg_array.h"
#include "lib/chat/message_draft.h"

enum { MESSAGE_BATCH_PARAMS = MESSAGE_DRAFT_COLUMNS + 1 };

/* A batch's parameters. All zero is an empty batch. */
struct message_batch {
	struct pg_array columns[MESSAGE_DRAFT_COLUMNS];
	char wait_ms[12];
};

/* Adds a message. Copies its texts. */
void message_batch_add(struct message_batch *b, const struct message_draft *d);

/*
 * Sets how long the call may wait for the locks of the first message's conversation. Without it the
 * call does not wait.
 */
void message_batch_wait(struct message_batch *b, int wait_ms);

/* Returns parameter i, valid while the batch exists. Nothing may be added afterwards. */
const char *message_batch_param(struct message_batch *b, int i);

/* Empties the batch, which may be used again. */
void message_batch_free(struct message_batch *b);

#endif
