/* SPDX-License-Identifier: MIT */
/*
 * Noise as what a client sends: what is taken is within its limits and its data is the same JSON,
 * without blanks; a refusal says why.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/chat/message_data.h"
#include "push/wire/up.h"
#include "push/wire/utf8.h"

static void
expect(bool right)
{
	if (!right)
		abort();
}

static void
expect_utf8(const char *text)
{
	expect(utf8_next(UTF8_WHOLE, (const uint8_t *)text, strlen(text)) == UTF8_WHOLE);
}

static void
expect_refusal(const struct up_error *error)
{
	expect(error->error == ERROR_MALFORMED_JSON || error->error == ERROR_INVALID_BODY || error->error == ERROR_UNKNOWN_TYPE ||
	       error->error == ERROR_UNKNOWN_FIELD || error->error == ERROR_TEXT_TOO_LONG || error->error == ERROR_TOO_MANY_MENTIONS);
	expect_utf8(error->field);
	expect_utf8(error->client_id);
}

static void
expect_right(const struct up *up, const char *text, size_t n)
{
	const struct message_draft *draft = &up->draft;

	expect(!up->token == (up->type != UP_AUTH));
	expect(up->type != UP_ACK || (up->cursor && *up->cursor));
	expect(!up->cursor || strlen(up->cursor) <= LIMIT_CURSOR_BYTES);
	expect(!up->status || (up->type == UP_HEARTBEAT && (strcmp(up->status, "online") == 0 || strcmp(up->status, "away") == 0)));
	expect(!draft->client_id == (up->type != UP_SEND));
	expect((up->conversation > 0) == (up->type == UP_TYPING) && (draft->conversation > 0) == (up->type == UP_SEND));
	expect(up->users.count <= LIMIT_PRESENCE_USERS && !up->users.list == (up->type != UP_WATCH));
	if (up->type != UP_SEND)
		return;
	expect(*draft->client_id && strlen(draft->client_id) <= LIMIT_CLIENT_ID_BYTES);
	expect(strlen(draft->text) <= LIMIT_TEXT_BYTES && (*draft->text || draft->data));
	expect_utf8(draft->text);
	if (!draft->data)
		return;
	json_t *root = json_loadb(text, n, JSON_DECODE_INT_AS_REAL, NULL),
	       *data = json_loads(draft->data, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
	expect(json_is_object(data) && json_equal(json_object_get(root, "data"), data) && !message_data_refusal(draft->data, strlen(draft->data)));
	json_decref(root);
	json_decref(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *copy = malloc(n ? n : 1);
	struct up_error error;
	struct up up;

	memcpy(copy, data, n);
	if (up_read(copy, n, &up, &error)) {
		expect_right(&up, copy, n);
		up_free(&up);
	} else {
		expect_refusal(&error);
	}
	free(copy);
	return 0;
}
