/* SPDX-License-Identifier: MIT */
/* The reader of query parameters, by tables of fields. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/http/input.h"
#include "api/http/reply.h"
#include "lib/base/id.h"
#include "lib/base/percent.h"

static bool
is_utf8(const char *text, size_t n)
{
	json_t *checked = json_stringn(text, n);

	json_decref(checked);
	return checked != NULL;
}

char *
decoded_text(struct arena *a, const char *text, size_t n, bool query)
{
	char *out = arena_alloc(a, n + 1);

	return percent_decode(text, n, query, out, n + 1) && is_utf8(out, strlen(out)) ? out : NULL;
}

static bool
take_number(const struct field *f, const char *value, void *at)
{
	char *end;
	size_t n = strlen(value);

	if (n == 0 || n > 9 || strspn(value, "0123456789") != n)
		return false;
	*(int64_t *)at = strtol(value, &end, 10);
	return *(int64_t *)at >= f->min && *(int64_t *)at <= f->max;
}

static bool
take_ids(struct arena *a, const struct field *f, const char *value, void *at)
{
	int64_t *list = arena_alloc(a, (size_t)f->max * sizeof *list);
	int count = 0;

	for (;; value++) {
		size_t n = strcspn(value, ",");
		if (count == f->max || !id_parse(value, n, &list[count++]))
			return false;
		value += n;
		if (!*value)
			break;
	}
	*(struct id_list *)at = (struct id_list){ list, count };
	return count >= f->min;
}

static bool
parameter_take(struct arena *a, const struct field *f, const char *value, void *out)
{
	void *at = (char *)out + f->offset;
	int64_t n = (int64_t)strlen(value);

	switch (f->type) {
	case FIELD_TEXT:
		*(const char **)at = value;
		return n >= f->min && n <= f->max;
	case FIELD_ID:
		return id_parse(value, (size_t)n, at);
	case FIELD_IDS:
		return take_ids(a, f, value, at);
	case FIELD_NUMBER:
		return take_number(f, value, at);
	default:
		return false;
	}
}

/* Finds the undecoded value of a parameter. The first one of the name counts. */
static bool
parameter_find(const char *query, const char *name, const char **value, size_t *n)
{
	size_t len = strlen(name);

	for (const char *p = query; *p; p += strspn(p, "&")) {
		size_t whole = strcspn(p, "&");
		if (whole > len && strncmp(p, name, len) == 0 && p[len] == '=') {
			*value = p + len + 1;
			*n = whole - len - 1;
			return true;
		}
		p += whole;
	}
	return false;
}

bool
parameters_read(struct request *r, const struct field *fields, void *out)
{
	const char *value;
	size_t n;

	for (const struct field *f = fields; f->name; f++) {
		bool there = parameter_find(r->query, f->name, &value, &n);
		if (!there && !f->required)
			continue;
		if (!there) {
			reply_error_field(r, ERROR_INVALID_PARAMETER, f->name, "missing");
			return false;
		}
		const char *text = decoded_text(&r->arena, value, n, true);
		if (!text || !parameter_take(&r->arena, f, text, out)) {
			reply_error_field(r, ERROR_INVALID_PARAMETER, f->name, "not an allowed value of this parameter");
			return false;
		}
	}
	return true;
}
