/* SPDX-License-Identifier: MIT */
/* Bytes that are written once, never changed, and shared by count. */
#ifndef PUSH_BUFFER_H
#define PUSH_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
	uint32_t refs;
	uint32_t len;
	char bytes[];
};

/* A part of a buffer, as it stands in a queue. */
struct chunk {
	struct buffer *buffer;
	uint32_t offset;
	uint32_t len : 31;
	uint32_t more : 1; /* the next chunk belongs to the same frame: a queue may not be cut between them */
};

/* A buffer of len bytes, to be filled by the caller, who holds the one reference. */
struct buffer *buffer_new(size_t len);
struct buffer *buffer_from(const void *bytes, size_t len);

/* Makes a buffer shorter that nobody shares yet. */
struct buffer *buffer_shrink_take(struct buffer *b, size_t len);

struct buffer *buffer_ref(struct buffer *b);
void buffer_unref(struct buffer *b); /* NULL is legal */

#endif
