/* SPDX-License-Identifier: MIT */
/* A client with one stream by SSE, and the turns of push around it. */
#ifndef TESTS_WORLD_CLIENT_H
#define TESTS_WORLD_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/limits.h"
#include "push/net/conn.h"
#include "tests/unit/world/database.h"

enum { HEARD = 8192 };

struct client {
	int fd;		 /* -1: not connected */
	uint64_t number; /* of its connection */
	bool reads;	 /* takes its input at the end of each turn */
	int ready;	 /* times that stream.ready came, over the present connection */
	char reset[16];	 /* reason of the last stream.reset, or empty */
	char cursor[LIMIT_CURSOR_BYTES + 1];
	int count; /* events received over all connections */
	struct {
		int64_t room, seq;
	} heard[HEARD];
	char *rest; /* input without its end */
	size_t rest_len;
};

/* Opens push's modules, once for a program; closes them. */
void world_open(int argc, char **argv, const char *name);
void world_close(void);

/* Begins a test: an empty database, and Redis that confirms on demand. */
void world_begin(void);

/* Ends a test: answers what waits, and checks that no connection and no topic is left. */
void world_end(struct client *l);

/*
 * Opens a live stream of another user that is subscribed to all rooms. So push has their topics
 * already, and these may be ahead of what a query has read.
 */
void bystander_open(void);

/* Opens a stream, which resumes from the client's cursor if it has one. */
void client_connect(struct client *l);

/* Returns the client's connection, or NULL after it was freed. */
struct conn *client_conn(const struct client *l);

/* Returns whether the stream is live and nothing of an opening is left. */
bool client_is_live(const struct client *l);

/* Cuts the connection, as a lost peer does. */
void client_cut(struct client *l);

/* Ends a turn of push. The client reads. */
void turn(struct client *l);

/* Goes on until the stream is live: confirms subscriptions and answers queries. */
void client_settle(struct client *l);

/* Forgets the events that the client has received. */
void client_forget(struct client *l);

/* Checks that the client has received each event of its user once, in the order of its room. */
void client_expect_all(const struct client *l);

/* Compares the heads of all topics with the database, as the sweep does. */
void sweep(struct client *l);

/* Checks that the client has received these seqs of ROOM, in this order, and nothing else. */
#define EXPECT_HEARD(client, ...) \
	client_expect(client, (const int64_t[]){ __VA_ARGS__ }, (int)(sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)))
void client_expect(const struct client *l, const int64_t *seqs, int count);

#endif
