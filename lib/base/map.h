/* SPDX-License-Identifier: MIT */
/* A hash table from ids to pointers: open addressing, linear probing. */
#ifndef LIB_MAP_H
#define LIB_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_entry {
	int64_t key; /* 0: free */
	void *value;
};

/* A map. All zero is an empty one. */
struct map {
	struct map_entry *entries;
	size_t room; /* a power of two, or 0 */
	size_t count;
};

/* Returns the value of a key, or NULL. */
void *map_get(const struct map *m, int64_t key);

/* Adds a key, which is positive and not in the map. */
void map_put(struct map *m, int64_t key, void *value);

/* Removes a key, if the map has it. */
void map_remove(struct map *m, int64_t key);

/*
 * Returns the next value at or after *at, and advances *at. Returns NULL at the end. Start with *at
 * = 0. The map must not change meanwhile.
 */
void *map_next(const struct map *m, size_t *at);

void map_free(struct map *m);

#endif
