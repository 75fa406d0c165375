/* SPDX-License-Identifier: MIT */
/* Queries, in one allocation each. */
#include "push/links/query.h"

#include <assert.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

struct query *
query_new(enum query_name statement, const char *const *params, db_reply *reply, void *context)
{
	size_t size = 0;
	int count = statements[statement].params;

	assert(count <= DB_PARAMS);
	for (int i = 0; i < count; i++)
		size += params[i] ? strlen(params[i]) + 1 : 0;
	struct query *q = memory_alloc(sizeof *q + size);
	char *at = q->text;
	for (int i = 0; i < count; i++) {
		if (!params[i])
			continue;
		q->params[i] = strcpy(at, params[i]);
		at += strlen(params[i]) + 1;
	}
	q->statement = statement;
	q->reply = reply;
	q->context = context;
	return q;
}

void
query_answer(struct query *q)
{
	q->reply(q->context, q->result);
	PQclear(q->result);
	free(q);
}

void
query_queue_open(struct query_queue *list)
{
	list->first = NULL;
	list->last = &list->first;
}

void
query_queue_add(struct query_queue *list, struct query *q)
{
	q->next = NULL;
	*list->last = q;
	list->last = &q->next;
}

void
query_queue_add_first(struct query_queue *list, struct query *q)
{
	if (!list->first)
		list->last = &q->next;
	q->next = list->first;
	list->first = q;
}

struct query *
query_queue_take(struct query_queue *list)
{
	struct query *q = list->first;

	if (!q)
		return NULL;
	list->first = q->next;
	if (!list->first)
		list->last = &list->first;
	return q;
}

void
query_queue_expire(struct query_queue *list, int64_t now_ms)
{
	struct query *expired = NULL, **at = &list->first;

	while (*at) {
		struct query *q = *at;
		if (q->expires_ms > now_ms) {
			at = &q->next;
			continue;
		}
		*at = q->next;
		q->next = expired;
		expired = q;
	}
	list->last = at;
	while (expired) {
		struct query *q = expired;
		expired = q->next;
		query_answer(q);
	}
}
