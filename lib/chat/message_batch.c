/* SPDX-License-Identifier: MIT */
/* The parameters of messages_send. */
#include "lib/chat/message_batch.h"

#include <stddef.h>
#include <stdio.h>

void
message_batch_add(struct message_batch *b, const struct message_draft *d)
{
	for (int i = 0; i < MESSAGE_DRAFT_COLUMNS; i++) {
		const struct message_draft_column *c = &message_draft_columns[i];
		int64_t number = c->type == COLUMN_NUMBER ? message_draft_number(d, c) : 0;
		if (number)
			pg_array_add(&b->columns[i], number);
		else
			pg_array_add_string(&b->columns[i], c->type == COLUMN_TEXT ? message_draft_text(d, c) : NULL);
	}
}

void
message_batch_wait(struct message_batch *b, int wait_ms)
{
	snprintf(b->wait_ms, sizeof b->wait_ms, "%d", wait_ms);
}

const char *
message_batch_param(struct message_batch *b, int i)
{
	if (i == MESSAGE_DRAFT_COLUMNS)
		return *b->wait_ms ? b->wait_ms : "0";
	return pg_array_text(&b->columns[i]);
}

void
message_batch_free(struct message_batch *b)
{
	for (int i = 0; i < MESSAGE_DRAFT_COLUMNS; i++)
		pg_array_free(&b->columns[i]);
}
