/* SPDX-License-Identifier: MIT */
/* The parameters of messages_send. */
#include "sends.h"

#include <stddef.h>
#include <stdio.h>

enum { CONVERSATIONS, SENDERS, CLIENT_IDS, TEXTS, DATA, REPLIES, MENTIONS };

void
sends_add(struct sends *s, const struct sends_message *m)
{
	pg_array_add(&s->columns[CONVERSATIONS], m->conversation);
	pg_array_add(&s->columns[SENDERS], m->sender);
	pg_array_add_string(&s->columns[CLIENT_IDS], m->client_id);
	pg_array_add_string(&s->columns[TEXTS], m->text);
	pg_array_add_string(&s->columns[DATA], m->data);
	if (m->reply_to)
		pg_array_add(&s->columns[REPLIES], m->reply_to);
	else
		pg_array_add_string(&s->columns[REPLIES], NULL);
	pg_array_add_string(&s->columns[MENTIONS], m->mentions);
}

void
sends_wait(struct sends *s, int wait_ms)
{
	snprintf(s->wait_ms, sizeof s->wait_ms, "%d", wait_ms);
}

const char *
sends_param(struct sends *s, int i)
{
	if (i == SENDS_ARRAYS)
		return *s->wait_ms ? s->wait_ms : "0";
	return pg_array_text(&s->columns[i]);
}

void
sends_free(struct sends *s)
{
	for (int i = 0; i < SENDS_ARRAYS; i++)
		pg_array_free(&s->columns[i]);
}
