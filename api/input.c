/* SPDX-License-Identifier: MIT */
/* The reader of bodies, by tables of fields. */
#include "input.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/id.h"
#include "lib/json_text.h"
#include "lib/message_data.h"
#include "reply.h"

/* ---- the body ---- */

static void
json_free(void *json)
{
	json_decref(json);
}

/* Parses the body once. On failure returns false and sets the error to reply with. */
static bool
body_parse(struct request *r, enum error *why)
{
	const char *code;

	*why = ERROR_MALFORMED_JSON;
	if (r->json)
		return true;
	if (r->body_len == 0)
		return false;
	r->json = json_text_parse(r->body, r->body_len, &code);
	if (!r->json) {
		*why = error_find(code);
		return false;
	}
	request_keep(r, r->json, json_free);
	return true;
}

/*
 * Returns whether a value is this text. JSON text may contain a NUL, so the lengths are compared
 * too.
 */
static bool
string_is(const json_t *value, const char *text)
{
	return json_is_string(value) && json_string_length(value) == strlen(text) && strcmp(json_string_value(value), text) == 0;
}

bool
input_has(struct request *r, const char *name)
{
	enum error why;

	return body_parse(r, &why) && json_object_get(r->json, name);
}

bool
input_is(struct request *r, const char *name, const char *text)
{
	enum error why;

	return body_parse(r, &why) && string_is(json_object_get(r->json, name), text);
}

/* ---- one field ---- */

static void *
field_place(const struct field *f, void *out)
{
	return (char *)out + f->offset;
}

/* Returns the text that says what a field must be. */
static const char *
field_rule(struct arena *a, const struct field *f)
{
	struct text t = { .arena = a };

	switch (f->type) {
	case FIELD_TEXT:
		text_printf(&t, "a text of %ld to %ld bytes", (long)f->min, (long)f->max);
		break;
	case FIELD_ID:
		text_puts(&t, "an id: a decimal number as a string");
		break;
	case FIELD_MENTIONS:
		text_puts(&t, "a list of ids as strings, \"0\" for all members");
		break;
	case FIELD_IDS:
		text_printf(&t, "%ld to %ld ids: decimal numbers as strings", (long)f->min, (long)f->max);
		break;
	case FIELD_SWITCH:
		text_puts(&t, "true or false");
		break;
	case FIELD_NUMBER:
		text_printf(&t, "a whole number from %ld to %ld", (long)f->min, (long)f->max);
		break;
	case FIELD_CHOICE:
		for (const char *const *choice = f->choices; *choice; choice++)
			text_printf(&t, "%s%s", choice == f->choices ? "one of " : ", ", *choice);
		break;
	case FIELD_OBJECT:
		text_puts(&t, "an object");
		break;
	case FIELD_LIST:
		text_printf(&t, "a list of %ld to %ld objects", (long)f->min, (long)f->max);
		break;
	}
	return t.bytes;
}

static bool
field_within(const struct field *f, size_t n)
{
	return (int64_t)n >= f->min && (int64_t)n <= f->max;
}

static bool
take_choice(const struct field *f, const json_t *value, void *out)
{
	for (const char *const *choice = f->choices; *choice; choice++)
		if (string_is(value, *choice)) {
			*(const char **)field_place(f, out) = *choice;
			return true;
		}
	return false;
}

static bool
json_id(const json_t *value, int64_t *id)
{
	return json_is_string(value) && id_parse(json_string_value(value), json_string_length(value), id);
}

static bool
take_ids(struct request *r, const struct field *f, const json_t *value, void *out)
{
	size_t n = json_array_size(value);
	int64_t *list = arena_alloc(&r->arena, (n + 1) * sizeof *list); /* all zero */

	if (!json_is_array(value) || !field_within(f, n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!json_id(json_array_get(value, i), &list[i]) && !(f->type == FIELD_MENTIONS && string_is(json_array_get(value, i), "0")))
			return false;
	*(struct ids *)field_place(f, out) = (struct ids){ list, (int)n };
	return true;
}

/* ---- bodies ---- */

/* The first fault of an object, and its place. */
struct complaint {
	enum error error;
	const char *field;
	const char *detail;
};

static bool object_read(struct request *r, json_t *object, const struct field *fields, void *out, struct complaint *why);

static bool
take_list(struct request *r, const struct field *f, const json_t *value, void *out, struct complaint *why)
{
	size_t n = json_array_size(value);

	if (!json_is_array(value) || !field_within(f, n))
		return false;
	char *items = arena_alloc(&r->arena, (n + 1) * f->item_size);
	for (size_t i = 0; i < n; i++)
		if (!object_read(r, json_array_get(value, i), f->items, items + i * f->item_size, why))
			return false;
	*(struct list *)field_place(f, out) = (struct list){ items, (int)n };
	return true;
}

/* Copies the index-th member of the body unchanged, except for blanks. */
static bool
take_object(struct request *r, const struct field *f, const json_t *value, size_t index, void *out, struct complaint *why)
{
	const char *end, *at, *refusal;

	if (!json_is_object(value))
		return false;
	at = json_text_member(r->body, r->body + r->body_len, index, &end);
	char *text = arena_alloc(&r->arena, (size_t)(end - at) + 1);
	size_t n = json_text_compact(at, end, text);
	text[n] = '\0';
	if ((refusal = message_data_refusal(text, n)))
		*why = (struct complaint){ ERROR_INVALID_BODY, f->name, refusal };
	*(const char **)field_place(f, out) = text;
	return !refusal;
}

/* Stores a text. Refuses a text with a NUL, which PostgreSQL cannot store. */
static bool
take_text(const struct field *f, const json_t *value, void *out, struct complaint *why)
{
	size_t n = json_string_length(value);

	if (!json_is_string(value) || memchr(json_string_value(value), '\0', n))
		return false;
	if (f->too_long && (int64_t)n > f->max)
		*why = (struct complaint){ f->too_long, f->name, NULL };
	*(const char **)field_place(f, out) = json_string_value(value);
	return field_within(f, n);
}

/*
 * Stores the index-th member of an object. Returns false when the field does not accept it. Sets
 * why only when the field's own rule does not explain the fault.
 */
static bool
field_take(struct request *r, const struct field *f, const json_t *value, size_t index, void *out, struct complaint *why)
{
	switch (f->type) {
	case FIELD_TEXT:
		return take_text(f, value, out, why);
	case FIELD_ID:
		return json_id(value, field_place(f, out));
	case FIELD_IDS:
		return take_ids(r, f, value, out);
	case FIELD_MENTIONS:
		if (json_is_array(value) && (int64_t)json_array_size(value) > f->max)
			*why = (struct complaint){ f->too_long, f->name, NULL };
		return take_ids(r, f, value, out);
	case FIELD_SWITCH:
		*(bool *)field_place(f, out) = json_is_true(value);
		return json_is_boolean(value);
	case FIELD_CHOICE:
		return take_choice(f, value, out);
	case FIELD_OBJECT:
		return take_object(r, f, value, index, out, why);
	case FIELD_LIST:
		return take_list(r, f, value, out, why);
	case FIELD_NUMBER:
		break;
	}
	return false;
}

static const struct field *
field_find(const struct field *fields, const char *name)
{
	for (; fields->name; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;
	return NULL;
}

static bool
object_read(struct request *r, json_t *object, const struct field *fields, void *out, struct complaint *why)
{
	const char *name;
	json_t *value;
	size_t index = 0;

	if (!json_is_object(object)) {
		*why = (struct complaint){ ERROR_INVALID_BODY, NULL, "not an object" };
		return false;
	}
	json_object_foreach(object, name, value) {
		const struct field *f = field_find(fields, name);
		if (!f) {
			*why = (struct complaint){ ERROR_UNKNOWN_FIELD, name, NULL };
			return false;
		}
		if (!field_take(r, f, value, index++, out, why)) {
			if (!why->error)
				*why = (struct complaint){ ERROR_INVALID_BODY, f->name, field_rule(&r->arena, f) };
			return false;
		}
	}
	for (const struct field *f = fields; f->name; f++)
		if (f->required && !json_object_get(object, f->name)) {
			*why = (struct complaint){ ERROR_INVALID_BODY, f->name, "missing" };
			return false;
		}
	return true;
}

static bool
fields_required(const struct field *fields)
{
	for (; fields->name; fields++)
		if (fields->required)
			return true;
	return false;
}

bool
input_read(struct request *r, const struct field *fields, void *out)
{
	struct complaint why = { ERROR_NONE, NULL, NULL };
	enum error broken;

	if (r->body_len == 0 && !fields_required(fields))
		return true;
	if (!body_parse(r, &broken)) {
		if (broken == ERROR_INVALID_BODY)
			reply_error_detail(r, broken, "nested too deeply, or a number that is too large");
		else
			reply_error(r, broken);
		return false;
	}
	if (object_read(r, r->json, fields, out, &why))
		return true;
	reply_error_field(r, why.error, why.field, why.detail);
	return false;
}

const char *
ids_text(struct arena *a, const int64_t *ids, int count)
{
	struct text t = { .arena = a };

	text_add(&t, "{", 1);
	for (int i = 0; i < count; i++)
		text_printf(&t, i ? ",%ld" : "%ld", (long)ids[i]);
	text_add(&t, "}", 1);
	return t.bytes;
}
