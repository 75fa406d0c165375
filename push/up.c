/* SPDX-License-Identifier: MIT */
/* What a client sends up the socket: a table of frame types and their fields, and one reader for all of them. */
#include "up.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/identifier.h"
#include "../lib/memory.h"

enum { TOKEN_BYTES = 4 * KIB, DATA_DEPTH = 64, NUMBER_BYTES = 64, EXPONENT_DIGITS = 3 };

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

/* What a field holds: texts go to `at` (and their length to `len`, if anybody asks), ids to `at`, the others have a place of their own. */
enum kind { KIND_TEXT, KIND_ID, KIND_IDS, KIND_STATUS, KIND_DATA };
enum need { OPTIONAL, REQUIRED };

/* clang-format off */
/* Every field of every type. min and max are bytes of a text or of data, or items of a list. */
static const struct field {
	enum up_type type;
	const char *name;
	enum kind kind;
	enum need need;
	size_t min, max;
	size_t at, len;
} fields[] = {
#define AT(member) offsetof(struct up, member)
	{ UP_AUTH, "token", KIND_TEXT, REQUIRED, 1, TOKEN_BYTES, AT(token), 0 },
	{ UP_AUTH, "cursor", KIND_TEXT, OPTIONAL, 1, LIMIT_CURSOR_BYTES, AT(cursor), AT(cursor_len) },
	{ UP_ACK, "cursor", KIND_TEXT, REQUIRED, 1, LIMIT_CURSOR_BYTES, AT(cursor), AT(cursor_len) },
	{ UP_HEARTBEAT, "status", KIND_STATUS, OPTIONAL, 0, 0, 0, 0 },
	{ UP_TYPING, "conversation_id", KIND_ID, REQUIRED, 0, 0, AT(conversation), 0 },
	{ UP_WATCH, "user_ids", KIND_IDS, REQUIRED, 0, LIMIT_PRESENCE_USERS, 0, 0 },
	{ UP_SEND, "conversation_id", KIND_ID, REQUIRED, 0, 0, AT(conversation), 0 },
	{ UP_SEND, "client_id", KIND_TEXT, REQUIRED, 1, LIMIT_CLIENT_ID_BYTES, AT(client_id), 0 },
	{ UP_SEND, "text", KIND_TEXT, REQUIRED, 0, LIMIT_TEXT_BYTES, AT(text), AT(text_len) },
	{ UP_SEND, "data", KIND_DATA, OPTIONAL, 0, LIMIT_DATA_BYTES, 0, 0 },
	{ UP_SEND, "reply_to", KIND_ID, OPTIONAL, 0, 0, AT(reply_to), 0 },
#undef AT
};
/* clang-format on */

enum { TYPES = sizeof types / sizeof types[0], FIELDS = sizeof fields / sizeof fields[0] };

/* A frame while it is read: as it came, and parsed. */
struct source {
	const char *text;
	json_t *root;
};

/* The name of a field may be the client's own: what does not fit is cut off between two characters. */
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

/* Is it this word? JSON may hold a NUL, so the length counts too. */
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
	return json_is_string(value) && identifier_parse(json_string_value(value), json_string_length(value), out);
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

static bool
status_read(const json_t *value, struct up *out)
{
	out->away = string_is(value, "away");
	return out->away || string_is(value, "online");
}

/* Can the database take it: not too deep, and no NUL in it? (The parser has seen to the names.) */
static bool
data_is_right(json_t *value, int depth)
{
	const char *name;
	json_t *item;
	size_t i;

	if (json_is_string(value))
		return string_is_text(value);
	if (depth == 0 && (json_is_object(value) || json_is_array(value)))
		return false;
	json_array_foreach(value, i, item)
		if (!data_is_right(item, depth - 1))
			return false;
	json_object_foreach(value, name, item)
		if (!data_is_right(item, depth - 1))
			return false;
	return true;
}

/* From here on, text is known to be well-formed JSON, so that it can be walked by its brackets, quotes and commas alone. */
static const char *
string_skip(const char *at)
{
	for (at++; *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at + 1;
}

/* Behind the value that begins at or after `at`: at the comma or the bracket that ends it. */
static const char *
value_skip(const char *at)
{
	for (int depth = 0;;) {
		if (*at == '"') {
			at = string_skip(at);
			continue;
		}
		if (depth == 0 && (*at == ',' || *at == '}' || *at == ']'))
			return at;
		depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
		at++;
	}
}

/* The text is JSON, so what is looked for is there; it does not end in a NUL. */
static const char *
byte_find(const char *at, char what)
{
	while (*at != what)
		at++;
	return at;
}

static size_t
bytes_span(const char *at, const char *of)
{
	size_t n = 0;

	while (at[n] && strchr(of, at[n]))
		n++;
	return n;
}

/* Where the value of a member of the root begins: members are parsed, and kept, in the order of the text. */
static const char *
member_find(const struct source *from, const char *name)
{
	const char *at = byte_find(from->text, '{');

	for (void *i = json_object_iter(from->root); i; i = json_object_iter_next(from->root, i)) {
		at = byte_find(string_skip(byte_find(at, '"')), ':') + 1;
		if (strcmp(json_object_iter_key(i), name) == 0)
			break;
		at = value_skip(at);
	}
	return at;
}

/*
 * Behind a number. NULL when it is one that the database may refuse (1e-20000) or spell in thousands of digits: sends go in batches, so
 * the mistake of one must be found here.
 */
static const char *
number_skip(const char *at)
{
	size_t all = bytes_span(at, "0123456789+-.eE"), mantissa = bytes_span(at, "0123456789+-.");
	size_t exponent = mantissa < all ? bytes_span(at + mantissa, "eE+-") + mantissa : all;

	return all <= NUMBER_BYTES && all - exponent <= EXPONENT_DIGITS ? at + all : NULL;
}

/*
 * Data goes on as it came but for the blanks: printing what was parsed would spell 0.1 as 0.10000000000000001 and could not hold
 * integers above 2^63.
 */
static bool
data_read(const struct field *f, json_t *value, const struct source *from, struct up *out)
{
	if (!json_is_object(value) || !data_is_right(value, DATA_DEPTH))
		return false;

	const char *at = member_find(from, f->name), *end = value_skip(at);
	char *to = out->data = memory_alloc((size_t)(end - at) + 1);

	while (at < end) {
		const char *next = *at == '"' ? string_skip(at) : *at == '-' || (*at >= '0' && *at <= '9') ? number_skip(at) : at + 1;
		if (!next)
			return false;
		if (!strchr(" \t\r\n", *at)) {
			memcpy(to, at, (size_t)(next - at));
			to += next - at;
		}
		at = next;
	}
	return (size_t)(to - out->data) <= f->max;
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
	case KIND_DATA:
		return data_read(f, value, from, out);
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
		return refuse(error, "invalid_body", f->name);
	}
	if (out->type == UP_SEND && out->text_len == 0 && !out->data)
		return refuse(error, "invalid_body", "text");
	return true;
}

/* A refused send is answered with its client_id, so that is read before anything can be wrong. */
static void
client_id_note(const json_t *value, struct up_error *error)
{
	size_t n = json_string_length(value);

	if (string_is_text(value) && n <= LIMIT_CLIENT_ID_BYTES)
		memcpy(error->client_id, json_string_value(value), n);
}

bool
up_read(const char *text, size_t n, struct up *out, struct up_error *error)
{
	struct source from = { text, json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL) };
	const struct type *type = type_find(json_object_get(from.root, "type"));

	memset(out, 0, sizeof *out);
	memset(error, 0, sizeof *error);
	out->root = from.root;
	if (!type) {
		up_free(out);
		return refuse(error, "malformed_json", "");
	}
	out->type = type->type;
	if (type->type == UP_SEND)
		client_id_note(json_object_get(from.root, "client_id"), error);
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
	memset(up, 0, sizeof *up);
}
