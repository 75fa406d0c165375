/* SPDX-License-Identifier: MIT */
/* Memory allocation that never fails. Out of memory is handled here alone: the program aborts. */
#ifndef LIB_MEMORY_H
#define LIB_MEMORY_H

#include <stddef.h>

enum { CACHE_LINE_BYTES = 64 }; /* on x86-64 and most ARM processors; elsewhere only slower */

/* Allocate memory, which the caller frees with free(). */
void *memory_alloc(size_t size); /* zeroed */
void *memory_resize(void *old, size_t size);
void *memory_dup(const void *from, size_t size);
char *memory_strdup(const char *text);

/*
 * Makes room for one more element in a list of *room elements, of which count are in use. Doubles a
 * full list. Returns the list, which may have moved.
 */
void *memory_grow(void *list, size_t count, size_t *room, size_t size);

#endif
