/* SPDX-License-Identifier: MIT */
/* Memory that is there or ends the program: out of memory is handled in one place. */
#ifndef LIB_MEMORY_H
#define LIB_MEMORY_H

#include <stddef.h>

enum { CACHE_LINE_BYTES = 64 }; /* of x86-64 and most ARM processors; elsewhere only slower */

/* All of these return memory of the caller's, to be freed with free(). They do not return without it. */
void *memory_alloc(size_t size); /* zeroed */
void *memory_resize(void *old, size_t size);
void *memory_dup(const void *from, size_t size);
char *memory_strdup(const char *text);

/* Room for one more in a list of *room elements, count of them in use: doubles it when it is full. The list, perhaps in another place. */
void *memory_room(void *list, size_t count, size_t *room, size_t size);

#endif
