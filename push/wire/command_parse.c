/* SPDX-License-Identifier: MIT */
/* Messages of a client on a WebSocket: a table of types, and tables of their fields. */
#include "push/wire/command_parse.h"

#include <jansson.h>
#include <string.h>

#include "lib/base/json_text.h"

#define AT(member) .offset = offsetof(struct command, member)
#define TYPE "type", FIELD_TEXT, REQUIRED, 1, COMMAND_TYPE_BYTES, AT(name)

static const char *const statuses[] = { "online", "away", NULL };

static const struct field auth_fields[] = {
	{ TYPE },
	{ "token", FIELD_TEXT, REQUIRED, 1, COMMAND_TOKEN_BYTES, AT(token) },
	{ "cursor", FIELD_TEXT, OPTIONAL, 1, LIMIT_CURSOR_BYTES, AT(cursor) },
	{ 0 },
};

static const struct field ack_fields[] = {
	{ TYPE },
	{ "cursor", FIELD_TEXT, REQUIRED, 1, LIMIT_CURSOR_BYTES, AT(cursor) },
	{ 0 },
};

static const struct field heartbeat_fields[] = {
	{ TYPE },
	{ "status", FIELD_CHOICE, OPTIONAL, AT(status), .choices = statuses },
	{ 0 },
};

static const struct field typing_fields[] = {
	{ TYPE },
	{ "conversation_id", FIELD_ID, REQUIRED, AT(conversation) },
	{ 0 },
};

static const struct field watch_fields[] = {
	{ TYPE },
	{ "user_ids", FIELD_IDS, REQUIRED, 0, LIMIT_PRESENCE_USERS, AT(users) },
	{ 0 },
};

static const struct field send_fields[] = {
	{ TYPE },
	{ "conversation_id", FIELD_ID, REQUIRED, AT(draft.conversation) },
	{ "message", FIELD_TABLE, OPTIONAL, AT(draft), .items = message_draft_fields },
	{ 0 },
};

static const struct type {
	const char *name;
	const struct field *fields;
} types[] = {
	[COMMAND_AUTH] = { "auth", auth_fields },
	[COMMAND_ACK] = { "ack", ack_fields },
	[COMMAND_HEARTBEAT] = { "heartbeat", heartbeat_fields },
	[COMMAND_TYPING] = { "typing", typing_fields },
	[COMMAND_WATCH] = { "presence.watch", watch_fields },
	[COMMAND_SEND] = { "message.send", send_fields },
};

enum { TYPES = sizeof types / sizeof types[0] };

/*
 * Refuses a frame. The field's name may be the client's own, so a long one is cut off between two
 * characters.
 */
static bool
refuse(struct command_error *error, enum error why, const char *field)
{
	size_t n = strlen(field);

	if (n >= sizeof error->field)
		for (n = sizeof error->field - 1; n && ((unsigned char)field[n] & 0xc0) == 0x80;)
			n--;
	memcpy(error->field, field, n);
	error->field[n] = '\0';
	error->error = why;
	return false;
}

/*
 * Notes the client_id of a frame, because an error frame carries it. Called before anything can be
 * refused.
 */
static void
client_id_note(const json_t *value, struct command_error *error)
{
	size_t n = json_string_length(value);

	if (n <= LIMIT_CLIENT_ID_BYTES && json_is_string(value) && !memchr(json_string_value(value), '\0', n))
		memcpy(error->client_id, json_string_value(value), n);
}

/*
 * Finds the client_id of a frame that is not well-formed JSON, such as one with half a surrogate
 * pair. Its sender waits for an answer.
 */
static void
client_id_guess(const char *text, const char *end, struct command_error *error)
{
	static const char name[] = "\"client_id\"";
	const char *at = memmem(text, (size_t)(end - text), name, sizeof name - 1);

	if (!at)
		return;
	at = json_text_skip_blanks(at + sizeof name - 1, end);
	if (at == end || *at != ':')
		return;
	at = json_text_skip_blanks(at + 1, end);
	if (at == end)
		return;
	json_t *value = json_loadb(at, (size_t)(json_text_skip_value(at, end) - at), JSON_DECODE_ANY, NULL);
	client_id_note(value, error);
	json_decref(value);
}

/* Finds the type of a frame. Returns false for an unknown one. */
static bool
type_find(const json_t *name, enum command_type *type)
{
	for (int i = 0; i < TYPES; i++)
		if (field_is(name, types[i].name)) {
			*type = (enum command_type)i;
			return true;
		}
	return false;
}

/* Reads the fields of a parsed frame. */
static bool
command_read(const char *text, size_t n, struct command *out, struct command_error *error)
{
	struct field_fault fault;

	if (!json_is_object(out->root))
		return refuse(error, ERROR_INVALID_BODY, "");
	client_id_note(json_object_get(out->root, "client_id"), error);
	if (!type_find(json_object_get(out->root, "type"), &out->type))
		return refuse(error, ERROR_UNKNOWN_TYPE, "type");
	if (fields_read(&out->arena, text, n, out->root, types[out->type].fields, out, &fault) &&
	    (out->type != COMMAND_SEND || message_draft_check(&out->draft, &fault)))
		return true;
	return refuse(error, fault.error, fault.field ? fault.field : "");
}

bool
command_parse(const char *text, size_t n, struct command *out, struct command_error *error)
{
	enum error why;

	memset(out, 0, sizeof *out);
	memset(error, 0, sizeof *error);
	out->root = fields_parse(text, n, &why);
	if (!out->root) {
		client_id_guess(text, text + n, error);
		return refuse(error, why, "");
	}
	if (command_read(text, n, out, error))
		return true;
	command_free(out);
	return false;
}

void
command_free(struct command *command)
{
	json_decref(command->root);
	arena_free(&command->arena);
	memset(command, 0, sizeof *command);
}
