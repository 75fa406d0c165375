/* SPDX-License-Identifier: MIT */
/* A growing list of ids. */
#ifndef PUSH_IDS_H
#define PUSH_IDS_H

#include <stddef.h>
#include <stdint.h>

/* List of ids. All zero is an empty list. */
struct ids {
	int64_t *list;
	size_t count, room;
};

void ids_add(struct ids *ids, int64_t id);

/* Frees the list, which may be used again. */
void ids_free(struct ids *ids);

#endif
