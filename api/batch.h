/* SPDX-License-Identifier: MIT */
/* Sends that are run as one transaction: one commit, one flush, one round trip for all of them. */
#ifndef API_BATCH_H
#define API_BATCH_H

#include <libpq-fe.h>

#include "link.h"
#include "sender.h"

/* A send that waits for its turn or is in a batch. It lives in its request's arena. */
struct send {
	struct request *request;
	const struct send_input *in;
	send_answer *answer;
	int64_t deadline; /* on the steady clock */
	PGresult *result; /* one row of message_send, or NULL with an error */
	enum error error;
	struct send *next;
};

/* Runs n sends, sorted on the way. Afterwards each has a result or an error, whatever became of its neighbours. */
void batch_run(struct link *l, struct send **batch, int n);

/* Rings for those that are new. */
void batch_publish(struct send **batch, int n);

#endif
