/* SPDX-License-Identifier: MIT */
/* A kept HTTP connection that sends messages and waits for each answer. */
#ifndef BENCH_REQUEST_H
#define BENCH_REQUEST_H

#include <stdint.h>

struct request {
	int port;
	int fd;
	int64_t answered; /* when the answer's first bytes were read (usage_now) */
};

/* A blocking connection to that port of this machine. Ends the program when there is none. */
int request_connect(int port);

void request_open(struct request *r, int port);

/* POSTs the message and returns the status of the answer, which is read whole. */
int request_message(struct request *r, const char *token, long conversation, const char *client_id, const char *text);

#endif
