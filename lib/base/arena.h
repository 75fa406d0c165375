/* SPDX-License-Identifier: MIT */
/*
 * Memory that is freed at once: of a request of the api, or of a frame of push. Code that allocates
 * from it frees nothing.
 */
#ifndef LIB_ARENA_H
#define LIB_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *block; /* the newest; a reset keeps the oldest */
	size_t used;
};

/* Allocates zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size);

/* Copies n bytes and adds a NUL. */
char *arena_copy(struct arena *a, const char *text, size_t n);

/* Frees all allocations, and keeps one block for the next ones. */
void arena_reset(struct arena *a);

/* Frees all memory. */
void arena_free(struct arena *a);

/* A text that grows in an arena. A NUL follows its bytes as soon as something was added. */
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
