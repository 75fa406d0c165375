/* SPDX-License-Identifier: MIT */
/* Sends that are run as one statement: one commit, one flush, one round trip for all of them. */
#ifndef API_BATCH_H
#define API_BATCH_H

#include <libpq-fe.h>

#include "link.h"
#include "sender.h"

/* The columns of messages_send. */
enum send_column { SEND_STATUS, SEND_MESSAGE, SEND_EVENT };

/* A send that waits for its turn or is in a batch. It lives in its request's arena. */
struct send {
	struct request *request;
	const struct send_input *in;
	send_answer *answer;
	int64_t deadline; /* on the steady clock */
	PGresult *result; /* of messages_send, one for all of a batch, or NULL with an error */
	int row;	  /* ours in it; whoever has the last one clears it */
	enum error error;
	struct send *next;
};

/* Runs n sends. Afterwards each has a row or an error, whatever became of its neighbours. */
void batch_run(struct link *l, struct send **batch, int n);

/* A column of a send's row; NULL when it is null, or there is no row. */
const char *send_column(const struct send *s, enum send_column column);

/* Gives up the row. The sends of a batch do it in its order. */
void send_clear(struct send *s);

/* Rings for those that are new. */
void batch_publish(struct send **batch, int n);

#endif
