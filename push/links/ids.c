/* SPDX-License-Identifier: MIT */
/* A list of ids. */
#include "push/links/ids.h"

#include <stdlib.h>

#include "lib/base/memory.h"

void
ids_add(struct ids *ids, int64_t id)
{
	ids->list = memory_grow(ids->list, ids->count, &ids->room, sizeof ids->list[0]);
	ids->list[ids->count++] = id;
}

void
ids_free(struct ids *ids)
{
	free(ids->list);
	*ids = (struct ids){ 0 };
}
