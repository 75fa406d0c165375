/* SPDX-License-Identifier: MIT */
/*
 * Messages that clients send over WebSockets. Waiting messages are stored by one call of
 * messages_send, each with its own answer (lib/chat/send_queue.h).
 * A message is answered within settings.api_wait_ms. It is acknowledged after COMMIT, and published
 * whether its sender is still connected or not.
 */
#ifndef PUSH_MESSAGE_WRITER_H
#define PUSH_MESSAGE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/chat/message_draft.h"
#include "push/net/conn.h"

/* Outcome of a message: its JSON, or an error's code. */
struct sent {
	const char *client_id;
	const char *code; /* NULL: the message is stored */
	const char *message;
	bool repeated;
	long retry_seconds; /* rate_limited: when to send it again; 0: after an answer */
};

/*
 * Answers a message. Called once for each, never from inside of message_writer_add, if the
 * connection is still open.
 */
typedef void message_writer_answer(struct conn *c, const struct sent *sent);

/*
 * Takes a copy of a message. A code refuses it:
 * - rate_limited: settings.rate_send per minute of a user, or settings.push_sends of a connection
 *   under way
 * - unavailable: too many messages wait for the database
 */
struct sent message_writer_add(struct conn *c, const struct message_draft *draft, message_writer_answer *answer);

void message_writer_open(void);

/* Sends the waiting messages to the database, in as few calls as possible. */
void message_writer_turn_end(void);

/* Answers all waiting messages with an error. The connections to PostgreSQL are closed before. */
void message_writer_close(void);

#endif
