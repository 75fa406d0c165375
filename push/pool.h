/* SPDX-License-Identifier: MIT */
/*
 * Objects of one size in slabs of their own: no heap header for each, and no holes between what comes and goes all the time. A slab that is
 * empty goes back to the system. Under ASan what is not taken is poisoned.
 */
#ifndef PUSH_POOL_H
#define PUSH_POOL_H

#include <stddef.h>

struct slab;

/* The size of an object in a pool. */
#define POOL_SIZE(type) ((sizeof(type) + 15) / 16 * 16)

struct pool {
	size_t size;	   /* of an object; set by the owner, all else zero */
	struct slab *room; /* slabs with a free place */
	size_t used;	   /* objects that are taken */
};

/* A zeroed object. */
void *pool_take(struct pool *p);

/* Gives it back. */
void pool_give(struct pool *p, void *object);

/* Nothing is taken any more: the last slab goes. */
void pool_close(struct pool *p);

#endif
