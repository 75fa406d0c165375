/* SPDX-License-Identifier: MIT */
/* Memory that lives as long as a request: handlers take of it and free nothing. */
#ifndef API_ARENA_H
#define API_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *block; /* the newest; the first of all stays over a reset */
	size_t used;
};

/* Zeroed memory, aligned for anything. */
void *arena_alloc(struct arena *a, size_t size);

/* A copy of n bytes with a NUL behind it. */
char *arena_copy(struct arena *a, const char *text, size_t n);

/* Forgets everything that was taken, and keeps one block for the next request. */
void arena_reset(struct arena *a);

/* Gives all memory back. */
void arena_free(struct arena *a);

/* A text that grows in an arena. It has always a NUL behind it once something was added. */
struct text {
	struct arena *arena;
	char *bytes;
	size_t len, room;
};

void text_add(struct text *t, const char *bytes, size_t n);
void text_puts(struct text *t, const char *s);
void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds a JSON string with its quotes; s is UTF-8. */
void text_json(struct text *t, const char *s);

#endif
