/* SPDX-License-Identifier: MIT */
/*
 * Noise as what a client sends: what is taken is within its limits and its data is the same JSON,
 * without blanks; a refusal says why.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/message_data.h"
#include "push/up.h"
#include "push/utf8.h"

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
	static const char *const codes[] = {
		"malformed_json", "invalid_body", "unknown_type", "unknown_field", "text_too_long", "too_many_mentions"
	};
	enum { CODES = sizeof codes / sizeof codes[0] };
	size_t i = 0;

	while (i < CODES && strcmp(error->code, codes[i]) != 0)
		i++;
	expect(i < CODES);
	expect_utf8(error->field);
	expect_utf8(error->client_id);
}

static void
expect_right(const struct up *up, const char *text, size_t n)
{
	expect(!up->token == (up->type != UP_AUTH));
	expect(up->type != UP_ACK || (up->cursor && up->cursor_len == strlen(up->cursor) && up->cursor_len > 0));
	expect(up->cursor_len <= LIMIT_CURSOR_BYTES);
	expect(!up->client_id == (up->type != UP_SEND));
	expect((up->conversation > 0) == (up->type == UP_SEND || up->type == UP_TYPING));
	expect(up->users_count <= LIMIT_PRESENCE_USERS && !up->users == (up->type != UP_WATCH));
	if (up->type != UP_SEND)
		return;
	expect(strlen(up->client_id) >= 1 && strlen(up->client_id) <= LIMIT_CLIENT_ID_BYTES);
	expect(up->text_len == strlen(up->text) && up->text_len <= LIMIT_TEXT_BYTES && (up->text_len || up->data));
	expect_utf8(up->text);
	if (!up->data)
		return;
	json_t *root = json_loadb(text, n, JSON_DECODE_INT_AS_REAL, NULL),
	       *data = json_loads(up->data, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
	expect(json_is_object(data) && json_equal(json_object_get(root, "data"), data) && !message_data_refusal(up->data, strlen(up->data)));
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
