/* SPDX-License-Identifier: MIT */
/* Arenas, made of blocks, and texts that grow in them. */
#include "lib/base/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json_text.h"
#include "lib/base/memory.h"

enum { BLOCK_BYTES = 16 * 1024, TEXT_BYTES = 256 };

struct arena_block {
	struct arena_block *older;
	size_t room;
	alignas(max_align_t) char bytes[];
};

static void
arena_grow(struct arena *a, size_t size)
{
	size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
	struct arena_block *b = memory_resize(NULL, sizeof *b + room);

	b->older = a->block;
	b->room = room;
	a->block = b;
	a->used = 0;
}

static void *
arena_take(struct arena *a, size_t size)
{
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!a->block || size > a->block->room - a->used)
		arena_grow(a, size);
	void *p = a->block->bytes + a->used;
	a->used += size;
	return p;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	return memset(arena_take(a, size), 0, size);
}

char *
arena_copy(struct arena *a, const char *text, size_t n)
{
	char *copy = arena_take(a, n + 1);

	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

void
arena_reset(struct arena *a)
{
	while (a->block && (a->block->older || a->block->room > BLOCK_BYTES)) {
		struct arena_block *older = a->block->older;
		free(a->block);
		a->block = older;
	}
	a->used = 0;
}

void
arena_free(struct arena *a)
{
	arena_reset(a);
	free(a->block);
	a->block = NULL;
}

/* Makes room for n bytes and a NUL. The old bytes stay in the arena until it is reset. */
static void
text_reserve(struct text *t, size_t n)
{
	if (t->len + n < t->room)
		return;
	size_t room = t->room ? t->room * 2 : TEXT_BYTES;
	while (room <= t->len + n)
		room *= 2;
	char *bytes = arena_take(t->arena, room);
	if (t->len)
		memcpy(bytes, t->bytes, t->len);
	t->bytes = bytes;
	t->room = room;
}

void
text_add(struct text *t, const char *bytes, size_t n)
{
	text_reserve(t, n);
	memcpy(t->bytes + t->len, bytes, n);
	t->len += n;
	t->bytes[t->len] = '\0';
}

void
text_puts(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void
text_printf(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text_reserve(t, (size_t)n);
	va_start(args, format);
	vsnprintf(t->bytes + t->len, (size_t)n + 1, format, args);
	va_end(args);
	t->len += (size_t)n;
}

void
text_json(struct text *t, const char *s)
{
	char escape[JSON_ESCAPE_BYTES];
	const char *from = s;

	text_add(t, "\"", 1);
	for (; *s; s++) {
		size_t n = json_text_escape(*s, escape);
		if (n == 0)
			continue;
		text_add(t, from, (size_t)(s - from));
		text_add(t, escape, n);
		from = s + 1;
	}
	text_add(t, from, (size_t)(s - from));
	text_add(t, "\"", 1);
}
