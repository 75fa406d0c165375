/* SPDX-License-Identifier: MIT */
/* The parameters of messages_send. */
#include "sends.h"

#include <stddef.h>
#include <stdio.h>

enum { CONVERSATIONS, SENDERS, CLIENT_IDS, TEXTS, DATA, REPLIES, MENTIONS };

void
sends_add(struct sends *s, const struct sends_message *m)
{
	array_add(&s->columns[CONVERSATIONS], m->conversation);
	array_add(&s->columns[SENDERS], m->sender);
	array_add_string(&s->columns[CLIENT_IDS], m->client_id);
	array_add_string(&s->columns[TEXTS], m->text);
	array_add_string(&s->columns[DATA], m->data);
	if (m->reply_to)
		array_add(&s->columns[REPLIES], m->reply_to);
	else
		array_add_string(&s->columns[REPLIES], NULL);
	array_add_string(&s->columns[MENTIONS], m->mentions);
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
	return array_text(&s->columns[i]);
}

void
sends_free(struct sends *s)
{
	for (int i = 0; i < SENDS_ARRAYS; i++)
		array_free(&s->columns[i]);
}
