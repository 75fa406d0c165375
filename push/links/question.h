/* SPDX-License-Identifier: MIT */
/* A query to PostgreSQL, and queues of queries. */
#ifndef PUSH_QUESTION_H
#define PUSH_QUESTION_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "push/links/store.h"

struct question {
	struct question *next;
	enum store_statement statement;
	int64_t expires_ms;
	store_reply *reply;
	void *context;
	PGresult *result;
	int asked, again; /* times that it was sent; of these, repeats after a deadlock */
	bool alone;	  /* has a batch of its own: its batch failed, or it may lock in another order than others of its kind */
	const char *params[STORE_PARAMS];
	char text[];
};

/* Queue of queries. last points to the last next pointer, or to first. */
struct questions {
	struct question *first, **last;
};

struct question *question_new(enum store_statement statement, const char *const *params, store_reply *reply, void *context);

/* Calls reply with the answer and frees the query. */
void question_answer(struct question *q);

void questions_open(struct questions *list);
void questions_add(struct questions *list, struct question *q);

/* Adds a query before all others. */
void questions_add_first(struct questions *list, struct question *q);

/* Removes and returns the first query, or returns NULL. */
struct question *questions_take(struct questions *list);

/* Answers as lost the queries whose time has passed. */
void questions_expire(struct questions *list, int64_t now_ms);

/* Answers all queries, also those that an answer adds. */
void questions_answer(struct questions *list);

#endif
