/* SPDX-License-Identifier: MIT */
/*
 * Noise as what a client sends: what is taken is within its limits and its data is the same JSON,
 * without blanks; a refusal says why.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/chat/message_data.h"
#include "push/wire/command_parse.h"
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
expect_refusal(const struct command_error *error)
{
	expect(error->error == ERROR_MALFORMED_JSON || error->error == ERROR_INVALID_BODY || error->error == ERROR_UNKNOWN_TYPE ||
	       error->error == ERROR_UNKNOWN_FIELD || error->error == ERROR_TEXT_TOO_LONG || error->error == ERROR_TOO_MANY_MENTIONS);
	expect_utf8(error->field);
	expect_utf8(error->client_id);
}

static void
expect_right(const struct command *command, const char *text, size_t n)
{
	const struct message_draft *draft = &command->draft;

	expect(!command->token == (command->type != COMMAND_AUTH));
	expect(command->type != COMMAND_ACK || (command->cursor && *command->cursor));
	expect(!command->cursor || strlen(command->cursor) <= LIMIT_CURSOR_BYTES);
	expect(!command->status ||
	       (command->type == COMMAND_HEARTBEAT && (strcmp(command->status, "online") == 0 || strcmp(command->status, "away") == 0)));
	expect(!draft->client_id == (command->type != COMMAND_SEND));
	expect((command->conversation > 0) == (command->type == COMMAND_TYPING) && (draft->conversation > 0) == (command->type == COMMAND_SEND));
	expect(command->users.count <= LIMIT_PRESENCE_USERS && !command->users.list == (command->type != COMMAND_WATCH));
	if (command->type != COMMAND_SEND)
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
	struct command_error error;
	struct command command;

	memcpy(copy, data, n);
	if (command_parse(copy, n, &command, &error)) {
		expect_right(&command, copy, n);
		command_free(&command);
	} else {
		expect_refusal(&error);
	}
	free(copy);
	return 0;
}
