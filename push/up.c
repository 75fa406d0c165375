/* SPDX-License-Identifier: MIT */
/*
 * Messages of a client on a WebSocket: a table of types and fields, and one reader for all of them.
 */
#include "up.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/id.h"
#include "../lib/json_text.h"
#include "../lib/memory.h"
#include "../lib/message_data.h"

/* clang-format off */
static const struct type {
	const char *name;
	enum up_type type;
} types[] = {
	{ "auth", UP_AUTH },
	{ "ack", UP_ACK },
	{ "heartbeat", UP_HEARTBEAT },
	{ "typing", UP_TYPING },
	{ "presence.watch", UP_WATCH },
	{ "message.send", UP_SEND },
};
/* clang-format on */

/*
 * Kinds of fields. Texts and ids are stored at `at`, and a text's length at `len` unless that is 0.
 * Other kinds have a place of their own.
 */
enum kind { KIND_TEXT, KIND_ID, KIND_IDS, KIND_STATUS, KIND_DATA, KIND_MENTIONS };
enum need { OPTIONAL, REQUIRED };

/* clang-format off */
/* Fields of all types. min and max are bytes of a text, or items of a list. */
static const struct field {
	enum up_type type;
	const char *name;
	enum kind kind;
	enum need need;
	size_t min, max;
	size_t at, len;
} fields[] = {
#define AT(member) offsetof(struct up, member)
	{ UP_AUTH, "token", KIND_TEXT, REQUIRED, 1, UP_TOKEN_BYTES, AT(token), 0 },
	{ UP_AUTH, "cursor", KIND_TEXT, OPTIONAL, 1, LIMIT_CURSOR_BYTES, AT(cursor), AT(cursor_len) },
	{ UP_ACK, "cursor", KIND_TEXT, REQUIRED, 1, LIMIT_CURSOR_BYTES, AT(cursor), AT(cursor_len) },
	{ UP_HEARTBEAT, "status", KIND_STATUS, OPTIONAL, 0, 0, 0, 0 },
	{ UP_TYPING, "conversation_id", KIND_ID, REQUIRED, 0, 0, AT(conversation), 0 },
	{ UP_WATCH, "user_ids", KIND_IDS, REQUIRED, 0, LIMIT_PRESENCE_USERS, 0, 0 },
	{ UP_SEND, "conversation_id", KIND_ID, REQUIRED, 0, 0, AT(conversation), 0 },
	{ UP_SEND, "client_id", KIND_TEXT, REQUIRED, 1, LIMIT_CLIENT_ID_BYTES, AT(client_id), 0 },
	{ UP_SEND, "text", KIND_TEXT, REQUIRED, 0, LIMIT_TEXT_BYTES, AT(text), AT(text_len) },
	{ UP_SEND, "data", KIND_DATA, OPTIONAL, 0, 0, 0, 0 },
	{ UP_SEND, "reply_to", KIND_ID, OPTIONAL, 0, 0, AT(reply_to), 0 },
	{ UP_SEND, "mentions", KIND_MENTIONS, OPTIONAL, 0, LIMIT_MENTIONS, 0, 0 },
#undef AT
};
/* clang-format on */

enum { TYPES = sizeof types / sizeof types[0], FIELDS = sizeof fields / sizeof fields[0] };

/* A frame that is being read: its text, and its parsed JSON. */
struct source {
	const char *text, *end;
	json_t *root;
};

/*
 * Refuses a frame. The field's name may be the client's own, so a long one is cut off between two
 * characters.
 */
static bool
refuse(struct up_error *error, const char *code, const char *field)
{
	size_t n = strlen(field);

	if (n >= sizeof error->field)
		for (n = sizeof error->field - 1; n && ((unsigned char)field[n] & 0xc0) == 0x80;)
			n--;
	memcpy(error->field, field, n);
	error->field[n] = '\0';
	error->code = code;
	return false;
}

/* Returns whether the value is this word. Compares the length too, because JSON may hold a NUL. */
static bool
string_is(const json_t *value, const char *word)
{
	return json_is_string(value) && json_string_length(value) == strlen(word) && memcmp(json_string_value(value), word, strlen(word)) == 0;
}

static bool
string_is_text(const json_t *value)
{
	return json_is_string(value) && !memchr(json_string_value(value), '\0', json_string_length(value));
}

static bool
id_read(const json_t *value, int64_t *out)
{
	return json_is_string(value) && id_parse(json_string_value(value), json_string_length(value), out);
}

static bool
ids_read(const struct field *f, const json_t *value, struct up *out)
{
	size_t n = json_array_size(value);

	if (!json_is_array(value) || n > f->max)
		return false;
	out->users = memory_alloc((n ? n : 1) * sizeof *out->users);
	for (size_t i = 0; i < n; i++)
		if (!id_read(json_array_get(value, i), &out->users[i]))
			return false;
	out->users_count = (int)n;
	return true;
}

/* Reads ids, among which 0 stands for all members. */
static bool
mentions_read(const struct field *f, const json_t *value, struct up *out)
{
	size_t n = json_array_size(value);
	int64_t id;

	if (!json_is_array(value) || n > f->max)
		return false;
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(value, i);
		if (!id_read(item, &id) && !string_is(item, "0"))
			return false;
		pg_array_add(&out->mentions_list, string_is(item, "0") ? 0 : id);
	}
	out->mentions = pg_array_text(&out->mentions_list);
	return true;
}

static bool
status_read(const json_t *value, struct up *out)
{
	out->away = string_is(value, "away");
	return out->away || string_is(value, "online");
}

/* Returns the index of a member of the root. Parsed members are in the order of the text. */
static size_t
member_index(json_t *root, const json_t *value)
{
	size_t index = 0;

	for (void *i = json_object_iter(root); json_object_iter_value(i) != value; i = json_object_iter_next(root, i))
		index++;
	return index;
}

/*
 * Reads data as text without its blanks. Printing the parsed value would write 0.1 as
 * 0.10000000000000001.
 */
static bool
data_read(json_t *value, const struct source *from, struct up *out)
{
	if (!json_is_object(value))
		return false;

	const char *end, *at = json_text_member(from->text, from->end, member_index(from->root, value), &end);
	out->data = memory_alloc((size_t)(end - at) + 1);
	size_t n = json_text_compact(at, end, out->data);
	out->data[n] = '\0';
	return !message_data_refusal(out->data, n);
}

static bool
text_read(const struct field *f, const json_t *value, struct up *out)
{
	size_t n = json_string_length(value);

	if (!string_is_text(value) || n < f->min || n > f->max)
		return false;
	*(const char **)((char *)out + f->at) = json_string_value(value);
	if (f->len)
		*(size_t *)((char *)out + f->len) = n;
	return true;
}

static bool
value_read(const struct field *f, json_t *value, const struct source *from, struct up *out)
{
	switch (f->kind) {
	case KIND_TEXT:
		return text_read(f, value, out);
	case KIND_ID:
		return id_read(value, (int64_t *)((char *)out + f->at));
	case KIND_IDS:
		return ids_read(f, value, out);
	case KIND_STATUS:
		return status_read(value, out);
	case KIND_MENTIONS:
		return mentions_read(f, value, out);
	case KIND_DATA:
		return data_read(value, from, out);
	}
	return false;
}

static const struct type *
type_find(const json_t *name)
{
	for (int i = 0; i < TYPES; i++)
		if (string_is(name, types[i].name))
			return &types[i];
	return NULL;
}

static bool
field_is_known(enum up_type type, const char *name)
{
	for (int i = 0; i < FIELDS; i++)
		if (fields[i].type == type && strcmp(fields[i].name, name) == 0)
			return true;
	return strcmp(name, "type") == 0;
}

static bool
fields_read(const struct source *from, struct up *out, struct up_error *error)
{
	const char *name;
	json_t *value;

	json_object_foreach(from->root, name, value)
		if (!field_is_known(out->type, name))
			return refuse(error, "unknown_field", name);
	for (int i = 0; i < FIELDS; i++) {
		const struct field *f = &fields[i];

		value = f->type == out->type ? json_object_get(from->root, f->name) : NULL;
		if (value ? value_read(f, value, from, out) : f->type != out->type || f->need == OPTIONAL)
			continue;
		if (f->at == offsetof(struct up, text) && json_string_length(value) > f->max)
			return refuse(error, "text_too_long", f->name);
		if (f->kind == KIND_MENTIONS && json_array_size(value) > f->max)
			return refuse(error, "too_many_mentions", f->name);
		return refuse(error, "invalid_body", f->name);
	}
	if (out->type == UP_SEND && out->text_len == 0 && !out->data)
		return refuse(error, "invalid_body", "text");
	return true;
}

/*
 * Notes the client_id of a frame, because an error frame carries it. Called before anything can be
 * refused.
 */
static void
client_id_note(const json_t *value, struct up_error *error)
{
	size_t n = json_string_length(value);

	if (string_is_text(value) && n <= LIMIT_CLIENT_ID_BYTES)
		memcpy(error->client_id, json_string_value(value), n);
}

/*
 * Finds the client_id of a frame that is not well-formed JSON, such as one with half a surrogate
 * pair. Its sender waits for an answer.
 */
static void
client_id_guess(const struct source *from, struct up_error *error)
{
	static const char name[] = "\"client_id\"";
	const char *at = memmem(from->text, (size_t)(from->end - from->text), name, sizeof name - 1);

	if (!at)
		return;
	at = json_text_skip_blanks(at + sizeof name - 1, from->end);
	if (at == from->end || *at != ':')
		return;
	at = json_text_skip_blanks(at + 1, from->end);
	if (at == from->end)
		return;
	json_t *value = json_loadb(at, (size_t)(json_text_skip_value(at, from->end) - at), JSON_DECODE_ANY, NULL);
	client_id_note(value, error);
	json_decref(value);
}

bool
up_read(const char *text, size_t n, struct up *out, struct up_error *error)
{
	const char *code;
	struct source from = { text, text + n, json_text_parse(text, n, &code) };

	memset(out, 0, sizeof *out);
	memset(error, 0, sizeof *error);
	out->root = from.root;
	if (!from.root) {
		client_id_guess(&from, error);
		return refuse(error, code, "");
	}
	if (!json_is_object(from.root)) {
		up_free(out);
		return refuse(error, "invalid_body", "");
	}
	client_id_note(json_object_get(from.root, "client_id"), error);
	const struct type *type = type_find(json_object_get(from.root, "type"));
	if (!type) {
		up_free(out);
		return refuse(error, "unknown_type", "type");
	}
	out->type = type->type;
	if (fields_read(&from, out, error))
		return true;
	up_free(out);
	return false;
}

void
up_free(struct up *up)
{
	json_decref(up->root);
	free(up->data);
	free(up->users);
	pg_array_free(&up->mentions_list);
	memset(up, 0, sizeof *up);
}
