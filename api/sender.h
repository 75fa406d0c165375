/* SPDX-License-Identifier: MIT */
/*
 * Sending messages by group commit. Sends that come at the same time are one transaction: a thread queues its send; when one of the
 * settings.api_send_connections links is free, a thread takes what is queued, runs it in one pipeline, publishes the events and wakes
 * the owners. Nobody waits for a timer, and a lone send goes straight through.
 */
#ifndef API_SENDER_H
#define API_SENDER_H

#include <stdint.h>

#include "errors.h"

struct send_input {
	int64_t conversation, user;
	const char *client_id, *text;
	const char *data; /* JSON or NULL */
	int64_t reply_to; /* 0: none */
};

struct sent {
	enum error error;    /* ERROR_NONE: it is stored */
	int created;	     /* else it was there already */
	const char *message; /* JSON */
	void *held;	     /* what message is part of, for sent_free */
};

void sender_open(void);
void sender_close(void);

/* Stores a message. Returns after COMMIT, or with an error: unavailable means that it may be stored, so the same send should be repeated. */
struct sent sender_send(const struct send_input *in);
void sent_free(void *held);

#endif
