/* SPDX-License-Identifier: MIT */
/*
 * The cursor: "I have everything below base, and in the listed conversations everything up to that id".
 * As text it is base64url of: version 1, base, count, then for each exception conversation and id - base; numbers are varints (LEB128),
 * conversations ascending and as differences. Clients treat it as opaque.
 */
#ifndef LIB_CURSOR_H
#define LIB_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"

enum { CURSOR_EXCEPTIONS = 42 }; /* as many as always fit into LIMIT_CURSOR_BYTES of text */

struct cursor_exception {
	int64_t conversation;
	int64_t id; /* >= base: below it the exception says nothing */
};

struct cursor {
	int64_t base;
	int count;
	struct cursor_exception exceptions[CURSOR_EXCEPTIONS]; /* ascending by conversation, each once */
};

/*
 * Reads n bytes of text. False when it is not a cursor: wrong alphabet, version, length, order, a number out of range, bytes left
 * over, an exception below base, or not the one way to write it (so equal cursors are equal texts).
 */
bool cursor_parse(const char *text, size_t n, struct cursor *out) __attribute__((warn_unused_result));

/* Writes the text and a NUL to out; returns its length. The cursor is as cursor_parse would give it. */
size_t cursor_text(int64_t base, const struct cursor_exception *exceptions, int count, char out[LIMIT_CURSOR_BYTES + 1]);

/* Is this event one that the owner of the cursor has? */
bool cursor_covers(const struct cursor *c, int64_t conversation, int64_t id);

/*
 * Notes an event as given: adds or raises its exception. When there is no room, the exception with the smallest id is dropped: its
 * owner may see events twice after a resume, never miss one.
 */
void cursor_advance(struct cursor *c, int64_t conversation, int64_t id);

/* Raises the base and drops the exceptions that it says already. A base that is not higher changes nothing. */
void cursor_rebase(struct cursor *c, int64_t base);

#endif
