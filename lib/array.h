/* SPDX-License-Identifier: MIT */
/* An array as PostgreSQL reads it, of numbers "{1,2}" or of texts "{\"a\",NULL}", made by and by. */
#ifndef LIB_ARRAY_H
#define LIB_ARRAY_H

#include <stddef.h>
#include <stdint.h>

/* All zero is an empty array. */
struct array {
	char *text;
	size_t len, room;
	int count;
};

/* A number that is not negative. */
void array_add(struct array *a, int64_t value);

/* NULL is NULL. */
void array_add_string(struct array *a, const char *value);

/* The text; nothing may be added after it was asked for. */
const char *array_text(struct array *a);

/* Empties the array, which may be used again. */
void array_free(struct array *a);

#endif
