/* SPDX-License-Identifier: MIT */
/* The reader of objects, by tables of fields. */
#include "lib/chat/fields.h"

#include <jansson.h>
#include <string.h>

#include "lib/base/id.h"
#include "lib/base/json_text.h"
#include "lib/chat/message_data.h"

/* The outermost object that is read: its text, and the memory of its fields. */
struct source {
	struct arena *arena;
	const char *text, *end;
};

/* ---- one field ---- */

static void *
field_place(const struct field *f, void *out)
{
	return (char *)out + f->offset;
}

static bool
field_within(const struct field *f, size_t n)
{
	return (int64_t)n >= f->min && (int64_t)n <= f->max;
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
	case FIELD_TABLE:
		text_puts(&t, "an object");
		break;
	case FIELD_LIST:
		text_printf(&t, "a list of %ld to %ld objects", (long)f->min, (long)f->max);
		break;
	}
	return t.bytes;
}

bool
field_is(const json_t *value, const char *text)
{
	return json_is_string(value) && json_string_length(value) == strlen(text) && strcmp(json_string_value(value), text) == 0;
}

/* ---- values: each returns false when the field does not accept the value ---- */

/* Stores a text. Refuses a text with a NUL, which PostgreSQL cannot store. */
static bool
take_text(const struct field *f, const json_t *value, void *out, struct field_fault *fault)
{
	size_t n = json_string_length(value);

	if (!json_is_string(value) || memchr(json_string_value(value), '\0', n))
		return false;
	if (f->too_long && (int64_t)n > f->max)
		*fault = (struct field_fault){ f->too_long, f->name, NULL };
	*(const char **)field_place(f, out) = json_string_value(value);
	return field_within(f, n);
}

static bool
take_id(const json_t *value, int64_t *id)
{
	return json_is_string(value) && id_parse(json_string_value(value), json_string_length(value), id);
}

static bool
take_ids(const struct source *from, const struct field *f, const json_t *value, void *out)
{
	size_t n = json_array_size(value);

	if (!json_is_array(value) || !field_within(f, n))
		return false;
	int64_t *list = arena_alloc(from->arena, (n + 1) * sizeof *list);
	for (size_t i = 0; i < n; i++)
		if (!take_id(json_array_get(value, i), &list[i]))
			return false;
	*(struct id_list *)field_place(f, out) = (struct id_list){ list, (int)n };
	return true;
}

/* Stores ids, among which 0 stands for all members. */
static bool
take_mentions(const struct source *from, const struct field *f, const json_t *value, void *out, struct field_fault *fault)
{
	struct text list = { .arena = from->arena };
	size_t n = json_array_size(value);

	if (json_is_array(value) && (int64_t)n > f->max)
		*fault = (struct field_fault){ f->too_long, f->name, NULL };
	if (!json_is_array(value) || !field_within(f, n))
		return false;
	text_puts(&list, "{");
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(value, i);
		int64_t id;
		if (!take_id(item, &id) && !field_is(item, "0"))
			return false;
		text_printf(&list, i ? ",%s" : "%s", json_string_value(item));
	}
	text_puts(&list, "}");
	*(const char **)field_place(f, out) = list.bytes;
	return true;
}

static bool
take_choice(const struct field *f, const json_t *value, void *out)
{
	for (const char *const *choice = f->choices; *choice; choice++)
		if (field_is(value, *choice)) {
			*(const char **)field_place(f, out) = *choice;
			return true;
		}
	return false;
}

/*
 * Copies the index-th member of the outermost object, without its blanks. Printing the parsed value
 * would write 0.1 as 0.10000000000000001.
 */
static bool
take_object(const struct source *from, const struct field *f, const json_t *value, size_t index, void *out, struct field_fault *fault)
{
	const char *end, *at, *refusal;

	if (!json_is_object(value))
		return false;
	at = json_text_member(from->text, from->end, index, &end);
	char *text = arena_alloc(from->arena, (size_t)(end - at) + 1);
	size_t n = json_text_compact(at, end, text);
	text[n] = '\0';
	if ((refusal = message_data_refusal(text, n)))
		*fault = (struct field_fault){ ERROR_INVALID_BODY, f->name, refusal };
	*(const char **)field_place(f, out) = text;
	return !refusal;
}

static bool object_read(const struct source *from, json_t *object, const struct field *fields, void *out, struct field_fault *fault);

static bool
take_list(const struct source *from, const struct field *f, const json_t *value, void *out, struct field_fault *fault)
{
	size_t n = json_array_size(value);

	if (!json_is_array(value) || !field_within(f, n))
		return false;
	char *items = arena_alloc(from->arena, (n + 1) * f->item_size);
	for (size_t i = 0; i < n; i++)
		if (!object_read(from, json_array_get(value, i), f->items, items + i * f->item_size, fault))
			return false;
	*(struct list *)field_place(f, out) = (struct list){ items, (int)n };
	return true;
}

/*
 * Stores the index-th member of an object. Returns false when the field does not accept it. Sets
 * the fault only when the field's own rule does not explain it.
 */
static bool
field_take(const struct source *from, const struct field *f, const json_t *value, size_t index, void *out, struct field_fault *fault)
{
	switch (f->type) {
	case FIELD_TEXT:
		return take_text(f, value, out, fault);
	case FIELD_ID:
		return take_id(value, field_place(f, out));
	case FIELD_IDS:
		return take_ids(from, f, value, out);
	case FIELD_MENTIONS:
		return take_mentions(from, f, value, out, fault);
	case FIELD_SWITCH:
		*(bool *)field_place(f, out) = json_is_true(value);
		return json_is_boolean(value);
	case FIELD_CHOICE:
		return take_choice(f, value, out);
	case FIELD_OBJECT:
		return take_object(from, f, value, index, out, fault);
	case FIELD_LIST:
		return take_list(from, f, value, out, fault);
	case FIELD_NUMBER:
	case FIELD_TABLE:
		break;
	}
	return false;
}

/* ---- objects ---- */

/* Finds a field, and moves *out to the struct that has its place. */
static const struct field *
field_find(const struct field *fields, const char *name, void **out)
{
	for (const struct field *f = fields; f->name; f++) {
		if (f->type == FIELD_TABLE) {
			void *inner = field_place(f, *out);
			const struct field *found = field_find(f->items, name, &inner);
			if (!found)
				continue;
			*out = inner;
			return found;
		}
		if (strcmp(f->name, name) == 0)
			return f;
	}
	return NULL;
}

/* Returns the first required field that an object lacks, or NULL. */
static const struct field *
field_missing(const struct field *fields, const json_t *object)
{
	for (const struct field *f = fields; f->name; f++) {
		const struct field *missing = f->type == FIELD_TABLE ? field_missing(f->items, object) : NULL;
		if (missing)
			return missing;
		if (f->required && !json_object_get(object, f->name))
			return f;
	}
	return NULL;
}

static bool
object_read(const struct source *from, json_t *object, const struct field *fields, void *out, struct field_fault *fault)
{
	const char *name;
	json_t *value;
	size_t index = 0;

	if (!json_is_object(object)) {
		*fault = (struct field_fault){ ERROR_INVALID_BODY, NULL, "not an object" };
		return false;
	}
	json_object_foreach(object, name, value) {
		void *place = out;
		const struct field *f = field_find(fields, name, &place);
		if (!f) {
			*fault = (struct field_fault){ ERROR_UNKNOWN_FIELD, name, NULL };
			return false;
		}
		if (!field_take(from, f, value, index++, place, fault)) {
			if (!fault->error)
				*fault = (struct field_fault){ ERROR_INVALID_BODY, f->name, field_rule(from->arena, f) };
			return false;
		}
	}
	const struct field *missing = field_missing(fields, object);
	if (missing)
		*fault = (struct field_fault){ ERROR_INVALID_BODY, missing->name, "missing" };
	return !missing;
}

bool
fields_read(struct arena *a, const char *text, size_t n, json_t *object, const struct field *fields, void *out, struct field_fault *fault)
{
	const struct source from = { a, text, text + n };

	*fault = (struct field_fault){ ERROR_NONE, NULL, NULL };
	return object_read(&from, object, fields, out, fault);
}

json_t *
fields_parse(const char *text, size_t n, enum error *why)
{
	json_error_t error;
	json_t *json = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);

	*why = ERROR_NONE;
	/* jansson passes over a NUL behind a number, where C ends the text. */
	if (json && !memchr(text, '\0', n))
		return json;
	if (json) {
		json_decref(json);
		*why = ERROR_MALFORMED_JSON;
		return NULL;
	}
	enum json_error_code code = json_error_code(&error);
	*why = code == json_error_stack_overflow || code == json_error_numeric_overflow ? ERROR_INVALID_BODY : ERROR_MALFORMED_JSON;
	return NULL;
}
