/* SPDX-License-Identifier: MIT */
/* A PostgreSQL array as text, built element by element: numbers "{1,2}" or texts "{\"a\",NULL}". */
#ifndef LIB_PG_ARRAY_H
#define LIB_PG_ARRAY_H

#include <stddef.h>
#include <stdint.h>

/* An array's text under construction. All zero is an empty array. */
struct pg_array {
	char *text;
	size_t len, room;
	int count;
};

/* Adds a number, which is not negative. */
void pg_array_add(struct pg_array *a, int64_t value);

/* Adds a text. A null pointer adds SQL's NULL. */
void pg_array_add_string(struct pg_array *a, const char *value);

/* Returns the text. Nothing may be added afterwards. */
const char *pg_array_text(struct pg_array *a);

/* Frees the text and empties the array, which may be used again. */
void pg_array_free(struct pg_array *a);

#endif
