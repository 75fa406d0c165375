/* SPDX-License-Identifier: MIT */
/* The result of a send, and the function that makes the reply of it. */
#ifndef API_SEND_RESULT_H
#define API_SEND_RESULT_H

#include <stdbool.h>

#include "api/http/request.h"
#include "lib/chat/errors.h"

struct send_result {
	/*
	 * ERROR_NONE: stored. unavailable: it may be stored, so the client should repeat the send
	 */
	enum error error;
	bool created;	     /* else it was stored before */
	const char *message; /* JSON */
};

/* Makes the reply, on any thread. */
typedef enum reply send_reply(struct request *r, const struct send_result *result);

#endif
