/* SPDX-License-Identifier: MIT */
/*
 * Sending messages by group commit. Sends that come at the same time are one transaction: a thread that serves queues its send, together
 * with its request, and goes on to the next request. A thread of the sender's takes what is queued as soon as one of the
 * settings.api_send_connections links is free, runs it in one pipeline, publishes the events and answers the requests. Nobody waits for a
 * timer, and nobody is woken for an answer of their own.
 */
#ifndef API_SENDER_H
#define API_SENDER_H

#include <stdint.h>

#include "errors.h"
#include "request.h"

struct send_input {
	int64_t conversation, user;
	const char *client_id, *text;
	const char *data; /* JSON or NULL */
	int64_t reply_to; /* 0: none */
};

struct sent {
	enum error error;    /* ERROR_NONE: it is stored. unavailable: it may be stored, so the same send should be repeated */
	bool created;	     /* else it was there already */
	const char *message; /* JSON */
};

/* Makes the reply, on whichever thread. */
typedef enum reply send_answer(struct request *r, const struct sent *sent);

void sender_open(void);
void sender_close(void);

/*
 * Stores a message: after COMMIT, or with an error, answer is called and the reply sent. The request is given away; in and what it points to
 * live as long as that.
 */
enum reply sender_send(struct request *r, const struct send_input *in, send_answer *answer);

/* The sender's threads: as many as sender_threads() run sender_run, until sender_stop and all is answered. */
long sender_threads(void);
void sender_run(void);
void sender_stop(void);

#endif
