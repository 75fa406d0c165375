/* SPDX-License-Identifier: MIT */
/* Queries, in one allocation each. */
#include "push/links/question.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

struct question *
question_new(enum store_statement statement, const char *const *params, store_reply *reply, void *context)
{
	size_t size = 0;
	int count = statements[statement].params;

	assert(count <= STORE_PARAMS);
	for (int i = 0; i < count; i++)
		size += params[i] ? strlen(params[i]) + 1 : 0;
	struct question *q = memory_alloc(sizeof *q + size);
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
question_answer(struct question *q)
{
	q->reply(q->context, q->result);
	PQclear(q->result);
	free(q);
}

void
questions_open(struct questions *list)
{
	list->first = NULL;
	list->last = &list->first;
}

void
questions_add(struct questions *list, struct question *q)
{
	q->next = NULL;
	*list->last = q;
	list->last = &q->next;
}

void
questions_add_first(struct questions *list, struct question *q)
{
	if (!list->first)
		list->last = &q->next;
	q->next = list->first;
	list->first = q;
}

struct question *
questions_take(struct questions *list)
{
	struct question *q = list->first;

	if (!q)
		return NULL;
	list->first = q->next;
	if (!list->first)
		list->last = &list->first;
	return q;
}

void
questions_expire(struct questions *list, int64_t now_ms)
{
	struct question *expired = NULL, **at = &list->first;

	while (*at) {
		struct question *q = *at;
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
		struct question *q = expired;
		expired = q->next;
		question_answer(q);
	}
}

void
questions_answer(struct questions *list)
{
	struct question *q;

	while ((q = questions_take(list)))
		question_answer(q);
}
