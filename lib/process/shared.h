/* SPDX-License-Identifier: MIT */
/* Memory that a supervisor makes and its workers share. It outlives each of them. */
#ifndef LIB_SHARED_H
#define LIB_SHARED_H

#include <stddef.h>

/*
 * Makes zeroed shared memory and returns its descriptor. The name appears in /proc. Exits with 71
 * on failure.
 */
int shared_make(const char *name, size_t bytes);

/*
 * Maps the whole memory, and sets *bytes to its size. Returns NULL on failure. The size may be
 * unexpected: the supervisor may run an older program.
 */
void *shared_open(int fd, size_t *bytes);

#endif
