/* SPDX-License-Identifier: MIT */
/* Arrays in PostgreSQL's text format. */
#include "lib/base/pg_array.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/id.h"
#include "lib/base/memory.h"

enum { ROOM = 64 };

/*
 * Makes room for an element of n bytes, the separator before it and the end of the text behind it.
 */
static void
array_room(struct pg_array *a, size_t n)
{
	size_t need = a->len + n + 3;

	if (need > a->room)
		a->text = memory_resize(a->text, a->room = need > 2 * a->room ? need + ROOM : 2 * a->room);
}

static void
array_begin(struct pg_array *a)
{
	a->text[a->len++] = a->count++ ? ',' : '{';
}

void
pg_array_add(struct pg_array *a, int64_t value)
{
	array_room(a, ID_TEXT_BYTES);
	array_begin(a);
	a->len += id_text(value, a->text + a->len);
}

static void
array_add_null(struct pg_array *a)
{
	array_room(a, 4);
	array_begin(a);
	memcpy(a->text + a->len, "NULL", 4);
	a->len += 4;
}

void
pg_array_add_string(struct pg_array *a, const char *value)
{
	if (!value) {
		array_add_null(a);
		return;
	}
	array_room(a, 2 * strlen(value) + 2);
	array_begin(a);
	char *to = a->text + a->len;
	*to++ = '"';
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			*to++ = '\\';
		*to++ = *value;
	}
	*to++ = '"';
	a->len = (size_t)(to - a->text);
}

const char *
pg_array_text(struct pg_array *a)
{
	if (!a->count)
		return "{}";
	if (a->text[a->len - 1] != '}') {
		a->text[a->len++] = '}';
		a->text[a->len] = '\0';
	}
	return a->text;
}

void
pg_array_free(struct pg_array *a)
{
	free(a->text);
	*a = (struct pg_array){ 0 };
}
