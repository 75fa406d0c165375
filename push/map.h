/* SPDX-License-Identifier: MIT */
/* A hash table from ids to pointers: open addressing, linear probing. */
#ifndef PUSH_MAP_H
#define PUSH_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_entry {
	int64_t key; /* 0: free */
	void *value;
};

/* All zero is an empty map. */
struct map {
	struct map_entry *entries;
	size_t room; /* a power of two, or 0 */
	size_t count;
};

/* The value of a key, or NULL. */
void *map_get(const struct map *m, int64_t key);

/* Puts a new key, which is positive and not there yet. */
void map_put(struct map *m, int64_t key, void *value);

/* Takes a key out, if it is there. */
void map_remove(struct map *m, int64_t key);

/* The next value at or after *at, which moves on; NULL at the end. Start with *at = 0; the map must not change meanwhile. */
void *map_next(const struct map *m, size_t *at);

void map_free(struct map *m);

#endif
