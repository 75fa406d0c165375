/* SPDX-License-Identifier: MIT */
/* The origins whose pages may call us, from settings.origins. */
#ifndef LIB_ORIGINS_H
#define LIB_ORIGINS_H

#include <stddef.h>

/*
 * Returns the place of an origin of n bytes in the list, which is separated by commas or blanks.
 * NULL: it is not listed by name.
 */
const char *origins_find(const char *origin, size_t n);

/* Returns the place of the word * in the list, which stands for all origins, or NULL. */
const char *origins_any(void);

#endif
