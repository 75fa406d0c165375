/* SPDX-License-Identifier: MIT */
/*
 * A message before it is stored, the same by REST and by WebSocket. A new field is a limit, a
 * member of the struct, a row in each table of message_draft.c, and a parameter below.
 */
#ifndef LIB_MESSAGE_DRAFT_H
#define LIB_MESSAGE_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/limits.h"
#include "lib/chat/fields.h"

/* GET /v1/server returns the limits of each field, by the table. Those of data are in limits.h. */
enum {
	LIMIT_CLIENT_ID_BYTES = 64,
	LIMIT_TEXT_BYTES = 64 * KIB,
	LIMIT_MENTIONS = 50,
};

/* Texts belong to the memory that the draft was read into. */
struct message_draft {
	int64_t conversation, sender;
	const char *client_id;
	const char *text;
	const char *data; /* JSON without blanks, or NULL */
	/* ids as a PostgreSQL array, 0 for all; NULL: the database searches the text for names */
	const char *mentions;
	int64_t reply_to; /* 0: none */
};

/* Fields of a body or a frame, without the conversation and the sender. For fields_read. */
extern const struct field message_draft_fields[];

/* Checks the rules about more than one field. Returns false with the fault. */
bool message_draft_check(const struct message_draft *d, struct field_fault *fault) __attribute__((warn_unused_result));

/* Returns the bytes of all texts, with a NUL each. */
size_t message_draft_bytes(const struct message_draft *d);

/* Copies a draft. Its texts go to memory of message_draft_bytes. */
void message_draft_copy(const struct message_draft *d, struct message_draft *out, char *memory);

/* Stores a batch of drafts: an array for each column, in the order of the table, then the wait. */
#define MESSAGE_DRAFT_STATEMENT "select status, message, event from messages_send($1, $2, $3, $4, $5, $6, $8, $7)"

enum { MESSAGE_DRAFT_COLUMNS = 7 };

/* A member of the struct as a column of the statement. */
struct message_draft_column {
	enum { COLUMN_NUMBER, COLUMN_TEXT } type;
	size_t offset;
};

extern const struct message_draft_column message_draft_columns[];

/* Return the value of a column. A text may be NULL, a number 0 for SQL's null. */
int64_t message_draft_number(const struct message_draft *d, const struct message_draft_column *c);
const char *message_draft_text(const struct message_draft *d, const struct message_draft_column *c);

#endif
