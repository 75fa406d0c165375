/* SPDX-License-Identifier: MIT */
/* Arrays of ids as PostgreSQL reads them. */
#include "array.h"

#include <stdio.h>
#include <stdlib.h>

#include "../lib/memory.h"

void
array_add(struct array *a, int64_t value)
{
	if (a->room - a->len < 24) {
		a->room = a->room ? a->room * 2 : 64;
		a->text = memory_resize(a->text, a->room);
	}
	a->len += (size_t)sprintf(a->text + a->len, "%c%ld", a->count++ ? ',' : '{', (long)value);
}

const char *
array_text(struct array *a)
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
array_free(struct array *a)
{
	free(a->text);
	*a = (struct array){ 0 };
}
