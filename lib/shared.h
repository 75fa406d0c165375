/* SPDX-License-Identifier: MIT */
/* Memory that a supervisor makes and its workers share, whichever of them live. */
#ifndef LIB_SHARED_H
#define LIB_SHARED_H

#include <stddef.h>

/* Makes so many bytes, all zero, and returns their descriptor. The name is for /proc. Leaves the program with 71 when that fails. */
int shared_make(const char *name, size_t bytes);

/* Maps all of it; NULL when that fails. How much it is may differ from what is expected: the supervisor may be of an older program. */
void *shared_open(int fd, size_t *bytes);

#endif
