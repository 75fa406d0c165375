/* SPDX-License-Identifier: MIT */
/* The parameters of messages_send. */
#include "sends.h"

#include <stddef.h>

enum { CONVERSATIONS, SENDERS, CLIENT_IDS, TEXTS, DATA, REPLIES };

void
sends_add(struct sends *s, int64_t conversation, int64_t sender, const char *client_id, const char *text, const char *data, int64_t reply_to)
{
	array_add(&s->columns[CONVERSATIONS], conversation);
	array_add(&s->columns[SENDERS], sender);
	array_add_string(&s->columns[CLIENT_IDS], client_id);
	array_add_string(&s->columns[TEXTS], text);
	array_add_string(&s->columns[DATA], data);
	if (reply_to)
		array_add(&s->columns[REPLIES], reply_to);
	else
		array_add_string(&s->columns[REPLIES], NULL);
}

const char *
sends_param(struct sends *s, int i)
{
	return array_text(&s->columns[i]);
}

void
sends_free(struct sends *s)
{
	for (int i = 0; i < SENDS_PARAMS; i++)
		array_free(&s->columns[i]);
}
