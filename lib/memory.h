/* SPDX-License-Identifier: MIT */
/* Memory that is there or ends the program: out of memory is handled in one place. */
#ifndef LIB_MEMORY_H
#define LIB_MEMORY_H

#include <stddef.h>

/* All four return memory of the caller's, to be freed with free(). They do not return without it. */
void *memory_alloc(size_t size); /* zeroed */
void *memory_resize(void *old, size_t size);
void *memory_dup(const void *from, size_t size);
char *memory_strdup(const char *text);

#endif
