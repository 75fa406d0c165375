/* SPDX-License-Identifier: MIT */
/* A query to PostgreSQL, and queues of queries. */
#ifndef PUSH_QUERY_H
#define PUSH_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "push/links/db.h"

struct query {
	struct query *next;
	enum query_name statement;
	int64_t expires_ms;
	db_reply *reply;
	void *context;
	PGresult *result;
	int asked, again; /* times that it was sent; of these, repeats after a deadlock */
	/*
	 * has a batch of its own: its batch failed, or it may lock in another order than others of
	 * its kind
	 */
	bool alone;
	const char *params[DB_PARAMS];
	char text[];
};

/* Queue of queries. last points to the last next pointer, or to first. */
struct query_queue {
	struct query *first, **last;
};

struct query *query_new(enum query_name statement, const char *const *params, db_reply *reply, void *context);

/* Calls reply with the answer and frees the query. */
void query_answer(struct query *q);

void query_queue_open(struct query_queue *list);
void query_queue_add(struct query_queue *list, struct query *q);

/* Adds a query before all others. */
void query_queue_add_first(struct query_queue *list, struct query *q);

/* Removes and returns the first query, or returns NULL. */
struct query *query_queue_take(struct query_queue *list);

/* Answers as lost the queries whose time has passed. */
void query_queue_expire(struct query_queue *list, int64_t now_ms);

#endif
