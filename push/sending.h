/* SPDX-License-Identifier: MIT */
/*
 * Messages that come up the sockets. Those that wait are stored by one call of messages_send, each with its own answer; a batch that fails
 * as a whole is asked again one by one. A message is acknowledged after COMMIT, and rings whether its sender is still there or not.
 */
#ifndef PUSH_SENDING_H
#define PUSH_SENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "conn.h"
#include "up.h"

/* What became of a message: its JSON, or an error's code. */
struct sent {
	const char *client_id;
	const char *code; /* NULL: it is stored */
	const char *message;
	bool repeated;
	long retry_seconds; /* of rate_limited: when to send it again; 0: when others were answered */
};

/* Called once for each message, never from inside of sending_add, if the connection is still open. */
typedef void sending_answer(struct conn *c, const struct sent *sent);

/*
 * Takes a message of a user; everything is copied. A code says why it cannot be taken: rate_limited (settings.rate_send a minute of a user,
 * settings.push_sends of a connection under way), unavailable (too much waits for the database).
 */
struct sent sending_add(struct conn *c, int64_t user, const struct up *up, sending_answer *answer);

/* Sends to the database what waits, in as few calls as may be. */
void sending_turn_end(void);

/* Whoever waits is told that there is no answer. The store is closed before. */
void sending_close(void);

#endif
