/* SPDX-License-Identifier: MIT */
/* The tables of a message's fields, and what follows from them. */
#include "lib/chat/message_draft.h"

#include <assert.h>
#include <string.h>

/*
 * JSON may spell each byte of a text as six (\u0041). The rest is for field names, ids and blanks.
 */
static_assert(LIMIT_MESSAGE_BYTES == 6 * (LIMIT_TEXT_BYTES + LIMIT_DATA_BYTES) + 16 * KIB, "each message within the limits fits in each spelling");

#define AT(member) .offset = offsetof(struct message_draft, member)

const struct field message_draft_fields[] = {
	{ "client_id", FIELD_TEXT, REQUIRED, 1, LIMIT_CLIENT_ID_BYTES, AT(client_id) },
	{ "text", FIELD_TEXT, REQUIRED, 0, LIMIT_TEXT_BYTES, AT(text), .too_long = ERROR_TEXT_TOO_LONG },
	{ "data", FIELD_OBJECT, OPTIONAL, 0, LIMIT_DATA_BYTES, AT(data) },
	{ "reply_to", FIELD_ID, OPTIONAL, AT(reply_to) },
	{ "mentions", FIELD_MENTIONS, OPTIONAL, 0, LIMIT_MENTIONS, AT(mentions), .too_long = ERROR_TOO_MANY_MENTIONS },
	{ 0 },
};

/* clang-format off */
const struct message_draft_column message_draft_columns[] = {
	{ COLUMN_NUMBER, AT(conversation) },
	{ COLUMN_NUMBER, AT(sender) },
	{ COLUMN_TEXT, AT(client_id) },
	{ COLUMN_TEXT, AT(text) },
	{ COLUMN_TEXT, AT(data) },
	{ COLUMN_NUMBER, AT(reply_to) },
	{ COLUMN_TEXT, AT(mentions) },
};
/* clang-format on */

static_assert(sizeof message_draft_columns == MESSAGE_DRAFT_COLUMNS * sizeof message_draft_columns[0], "each parameter of the statement has a row");
static_assert(sizeof(struct message_draft) == MESSAGE_DRAFT_COLUMNS * sizeof(int64_t), "each member of the struct has a row");

bool
message_draft_check(const struct message_draft *d, struct field_fault *fault)
{
	if (*d->text || d->data)
		return true;
	*fault = (struct field_fault){ ERROR_INVALID_BODY, "text", "may be empty only when there is data" };
	return false;
}

int64_t
message_draft_number(const struct message_draft *d, const struct message_draft_column *c)
{
	return *(const int64_t *)((const char *)d + c->offset);
}

const char *
message_draft_text(const struct message_draft *d, const struct message_draft_column *c)
{
	return *(const char *const *)((const char *)d + c->offset);
}

size_t
message_draft_bytes(const struct message_draft *d)
{
	size_t n = 0;

	for (int i = 0; i < MESSAGE_DRAFT_COLUMNS; i++) {
		const struct message_draft_column *c = &message_draft_columns[i];
		const char *text = c->type == COLUMN_TEXT ? message_draft_text(d, c) : NULL;
		n += text ? strlen(text) + 1 : 0;
	}
	return n;
}

void
message_draft_copy(const struct message_draft *d, struct message_draft *out, char *memory)
{
	*out = *d;
	for (int i = 0; i < MESSAGE_DRAFT_COLUMNS; i++) {
		const struct message_draft_column *c = &message_draft_columns[i];
		const char *text = c->type == COLUMN_TEXT ? message_draft_text(d, c) : NULL;
		if (!text)
			continue;
		size_t n = strlen(text) + 1;
		*(const char **)((char *)out + c->offset) = memcpy(memory, text, n);
		memory += n;
	}
}
