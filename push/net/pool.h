/* SPDX-License-Identifier: MIT */
/*
 * Pools of objects of one size. They avoid a heap header per object, and holes in the heap. An
 * empty slab is unmapped. Under ASan free places are poisoned.
 */
#ifndef PUSH_POOL_H
#define PUSH_POOL_H

#include <stddef.h>

struct slab;

/* Size of an object in a pool. */
#define POOL_SIZE(type) ((sizeof(type) + 15) / 16 * 16)

struct pool {
	size_t size;	   /* size of an object, set by the owner; all else is zero */
	struct slab *room; /* slabs with a free place */
	size_t used;	   /* objects in use */
};

/* Returns a zeroed object. */
void *pool_take(struct pool *p);

/* Frees an object. */
void pool_give(struct pool *p, void *object);

/* Unmaps the last slab. No object may be in use. */
void pool_close(struct pool *p);

#endif
