/* SPDX-License-Identifier: MIT */
/* A PostgreSQL array as text, built element by element: numbers "{1,2}" or texts "{\"a\",NULL}". */
#ifndef LIB_ARRAY_H
#define LIB_ARRAY_H

#include <stddef.h>
#include <stdint.h>

/* An array's text under construction. All zero is an empty array. */
struct array {
	char *text;
	size_t len, room;
	int count;
};

/* Adds a number, which is not negative. */
void array_add(struct array *a, int64_t value);

/* Adds a text. A null pointer adds SQL's NULL. */
void array_add_string(struct array *a, const char *value);

/* Returns the text. Nothing may be added afterwards. */
const char *array_text(struct array *a);

/* Frees the text and empties the array, which may be used again. */
void array_free(struct array *a);

#endif
