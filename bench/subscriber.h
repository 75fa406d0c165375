/* SPDX-License-Identifier: MIT */
/* A subscriber of a crowd (crowd.h): one stream, opened by a connection of its own. */
#ifndef BENCH_SUBSCRIBER_H
#define BENCH_SUBSCRIBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "wire.h"

struct crowd;

enum subscriber_state {
	SUBSCRIBER_IDLE,
	SUBSCRIBER_CONNECTING,
	SUBSCRIBER_HEAD,    /* the request is written, the reply's head is awaited */
	SUBSCRIBER_OPENING, /* the head was good, stream.ready is awaited */
	SUBSCRIBER_OPEN,
	SUBSCRIBER_CLOSED,
};

struct subscriber {
	int fd;
	enum subscriber_state state;
	bool chunked;
	int close_code; /* of the peer's close frame */
	long user;
	long messages; /* how many it received */
	struct wire_chunks chunks;
	size_t rest_len;
	char *rest;	 /* the beginning of a unit that is not complete */
	char *token;	 /* poll: needed for each request */
	char *since;	 /* the cursor to open with, and poll's latest */
	int64_t started; /* when it began to connect */
	int64_t opened;	 /* when it was open */
};

/*
 * The epoll events of an open stream. They are by edge, which spares the kernel a second look at
 * each socket.
 */
#define SUBSCRIBER_READABLE ((uint32_t)EPOLLIN | EPOLLRDHUP | EPOLLET)

/*
 * Changes the events of a subscriber that epoll reports: operation and events are those of
 * epoll_ctl(2).
 */
void subscriber_watch(struct crowd *w, struct subscriber *s, int operation, uint32_t events);

/* Reads what has come for one; to the end when its peer has hung up. */
void subscriber_ready(struct crowd *w, struct subscriber *s, bool hung_up);

/* Starts opening one subscriber. */
void subscriber_open(struct crowd *w, struct subscriber *s);

/* Writes to an open stream; ends the program when the socket does not take it at once. */
void subscriber_write(struct subscriber *s, const char *bytes, size_t n);

/* Closes the stream. The subscriber is idle again and may be reopened. */
void subscriber_hang_up(struct crowd *w, struct subscriber *s);

#endif
