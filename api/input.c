/* SPDX-License-Identifier: MIT */
/* Reads bodies and queries by tables of fields. */
#include "input.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/identifier.h"
#include "reply.h"

enum {
	DEPTH_MAX = 65,	       /* of arrays and objects in each other: 64 in what is passed on */
	NUMBER_MAX_BYTES = 64, /* a number that is longer is none that a client means, and PostgreSQL may not take it */
	EXPONENT_MAX_DIGITS = 3,
};

/* ---- the text of a body ---- */

static const char *
skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p < end ? p + 1 : end;
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && strchr(" \t\r\n", *p))
		p++;
	return p;
}

/* A value of a document that is known to be well formed. */
static const char *
skip_value(const char *p, const char *end)
{
	int depth = 0;

	do {
		if (*p == '"') {
			p = skip_string(p, end);
		} else if (*p == '{' || *p == '[') {
			depth++;
			p++;
		} else if (*p == '}' || *p == ']') {
			depth--;
			p++;
		} else if (depth > 0) {
			p++;
		} else {
			while (p < end && !strchr(",}] \t\r\n", *p))
				p++;
		}
	} while (depth > 0 && p < end);
	return p;
}

/* A value without the blanks between its parts: they do not count, and nobody needs them. */
static char *
value_text(struct arena *a, const char *p, const char *end)
{
	char *out = arena_alloc(a, (size_t)(end - p) + 1), *at = out;

	while (p < end) {
		const char *from = p = skip_blanks(p, end);
		p = p < end && *p == '"' ? skip_string(p, end) : p + (p < end);
		at = (char *)memcpy(at, from, (size_t)(p - from)) + (p - from);
	}
	return out;
}

/* The text of the index-th member of the object that the body is. The body is known to be well formed. */
static char *
member_text(struct request *r, size_t index)
{
	const char *end = r->body + r->body_len;
	const char *p = skip_blanks(r->body, end) + 1;

	for (;; index--) {
		p = skip_string(skip_blanks(p, end), end);
		p = skip_blanks(skip_blanks(p, end) + 1, end);
		const char *after = skip_value(p, end);
		if (index == 0)
			return value_text(&r->arena, p, after);
		p = skip_blanks(after, end) + 1;
	}
}

/* Is a number, from its first character on, one that every reader takes? *p moves behind it. */
static bool
number_is_sane(const char **p, const char *end)
{
	const char *start = *p, *exponent = NULL;

	for (; *p < end && **p && strchr("0123456789+-.eE", **p); (*p)++)
		if (**p == 'e' || **p == 'E')
			exponent = *p + 1 + (*p + 1 < end && strchr("+-", (*p)[1]) != NULL);
	return *p - start <= NUMBER_MAX_BYTES && (!exponent || *p - exponent <= EXPONENT_MAX_DIGITS);
}

/* Why a body is refused before it is parsed: how deep it is, and its numbers. NULL when nothing is wrong. */
static const char *
body_absurd(const char *p, size_t n)
{
	const char *end = p + n;
	int depth = 0;

	while (p < end) {
		if (*p == '"') {
			p = skip_string(p, end);
			continue;
		}
		if (*p == '-' || (*p >= '0' && *p <= '9')) {
			if (!number_is_sane(&p, end))
				return "a number is absurd";
			continue;
		}
		if ((*p == '{' || *p == '[') && ++depth > DEPTH_MAX)
			return "nested too deeply";
		if (*p == '}' || *p == ']')
			depth--;
		p++;
	}
	return NULL;
}

static void
json_free(void *json)
{
	json_decref(json);
}

static bool
body_parse(struct request *r)
{
	if (r->json)
		return true;
	if (r->body_len == 0 || body_absurd(r->body, r->body_len))
		return false;
	r->json = json_loadb(r->body, r->body_len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	if (r->json)
		request_keep(r, r->json, json_free);
	return r->json != NULL;
}

bool
input_has(struct request *r, const char *name)
{
	return body_parse(r) && json_object_get(r->json, name);
}

bool
input_is(struct request *r, const char *name, const char *text)
{
	const char *value = body_parse(r) ? json_string_value(json_object_get(r->json, name)) : NULL;

	return value && strcmp(value, text) == 0;
}

/* ---- one field ---- */

static void *
field_place(const struct field *f, void *out)
{
	return (char *)out + f->offset;
}

/* What a field has to be, in words. */
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
		text_printf(&t, "an object of up to %ld bytes", (long)f->max);
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
take_choice(const struct field *f, const char *value, void *out)
{
	for (const char *const *choice = f->choices; value && *choice; choice++)
		if (strcmp(*choice, value) == 0) {
			*(const char **)field_place(f, out) = *choice;
			return true;
		}
	return false;
}

static bool
json_id(const json_t *value, int64_t *id)
{
	return json_is_string(value) && identifier_parse(json_string_value(value), json_string_length(value), id);
}

static bool
take_ids(struct request *r, const struct field *f, const json_t *value, void *out)
{
	size_t n = json_array_size(value);
	int64_t *list = arena_alloc(&r->arena, (n + 1) * sizeof *list);

	if (!json_is_array(value) || !field_within(f, n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!json_id(json_array_get(value, i), &list[i]))
			return false;
	*(struct ids *)field_place(f, out) = (struct ids){ list, (int)n };
	return true;
}

/* ---- bodies ---- */

/* What is wrong with an object, and where. */
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

static bool
take_object(struct request *r, const struct field *f, const json_t *value, size_t index, void *out)
{
	if (!json_is_object(value))
		return false;
	const char *text = member_text(r, index);
	*(const char **)field_place(f, out) = text;
	return field_within(f, strlen(text));
}

/* The index-th member of an object. False when it is not what the field asks for; why is filled in only when it is more than that. */
static bool
field_take(struct request *r, const struct field *f, const json_t *value, size_t index, void *out, struct complaint *why)
{
	switch (f->type) {
	case FIELD_TEXT:
		if (json_is_string(value) && f->too_long && (int64_t)json_string_length(value) > f->max)
			*why = (struct complaint){ f->too_long, f->name, NULL };
		*(const char **)field_place(f, out) = json_string_value(value);
		return json_is_string(value) && field_within(f, json_string_length(value));
	case FIELD_ID:
		return json_id(value, field_place(f, out));
	case FIELD_IDS:
		return take_ids(r, f, value, out);
	case FIELD_SWITCH:
		*(bool *)field_place(f, out) = json_is_true(value);
		return json_is_boolean(value);
	case FIELD_CHOICE:
		return take_choice(f, json_string_value(value), out);
	case FIELD_OBJECT:
		return take_object(r, f, value, index, out);
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
	const char *absurd;

	if (r->body_len == 0 && !fields_required(fields))
		return true;
	if ((absurd = body_absurd(r->body, r->body_len))) {
		reply_error_detail(r, ERROR_INVALID_BODY, absurd);
		return false;
	}
	if (!body_parse(r)) {
		reply_error(r, ERROR_MALFORMED_JSON);
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
