/* SPDX-License-Identifier: MIT */
/* An array of ids as PostgreSQL reads it, made by and by: "{1,2}". */
#ifndef PUSH_ARRAY_H
#define PUSH_ARRAY_H

#include <stddef.h>
#include <stdint.h>

/* All zero is an empty array. */
struct array {
	char *text;
	size_t len, room;
	int count;
};

void array_add(struct array *a, int64_t value);

/* The text; nothing may be added after it was asked for. */
const char *array_text(struct array *a);

/* Empties the array, which may be used again. */
void array_free(struct array *a);

#endif
