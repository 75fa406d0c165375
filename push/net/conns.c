/* SPDX-License-Identifier: MIT */
/* List of all connections, as a dense array, and the number of connections of each address. */
#include "push/net/conns.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "lib/base/map.h"
#include "lib/base/memory.h"
#include "push/net/conn.h"
#include "push/net/metrics.h"
#include "push/net/unauthenticated.h"

enum { DESCRIPTORS_KEPT = 64 }; /* reserved for the database, Redis, the log … */

static struct {
	struct conn **all;
	size_t count, room;
	struct map addresses; /* hash of an address -> number of its connections */
	size_t most;	      /* limit that the descriptors allow */
} conns;

static void
limits_read(void)
{
	struct rlimit limit = { .rlim_cur = 0 };

	if (conns.most)
		return;
	getrlimit(RLIMIT_NOFILE, &limit);
	conns.most = limit.rlim_cur > 2 * DESCRIPTORS_KEPT ? limit.rlim_cur - DESCRIPTORS_KEPT : limit.rlim_cur / 2;
	unauthenticated_limit(conns.most);
}

/* Changes the count of an address. The map stores the count itself in place of a pointer. */
static void
address_count(uint64_t address, int step)
{
	int64_t key = (int64_t)(address >> 1 | 1);
	intptr_t count = (intptr_t)map_get(&conns.addresses, key) + step;

	map_remove(&conns.addresses, key);
	if (count > 0)
		map_put(&conns.addresses, key, (void *)count);
}

void
conns_add(struct conn *c)
{
	limits_read();
	address_count(c->address, 1);
	c->slot = (uint32_t)conns.count;
	conns.all = memory_grow(conns.all, conns.count, &conns.room, sizeof conns.all[0]);
	conns.all[conns.count++] = c;
	metrics.connections = conns.count;
}

void
conns_remove(struct conn *c)
{
	address_count(c->address, -1);
	conns.all[c->slot] = conns.all[--conns.count];
	conns.all[c->slot]->slot = c->slot;
	metrics.connections = conns.count;
}

bool
conn_is_full(void)
{
	limits_read();
	return conns.count >= conns.most;
}

bool
conn_may_open(void)
{
	limits_read();
	return unauthenticated_has_room();
}

size_t
conn_count(void)
{
	return conns.count;
}

size_t
conn_count_of(uint64_t address)
{
	return (size_t)(intptr_t)map_get(&conns.addresses, (int64_t)(address >> 1 | 1));
}

void
conn_address(struct conn *c, uint64_t address)
{
	address_count(c->address, -1);
	c->address = address;
	address_count(address, 1);
}

struct conn *
conn_next(struct conn *after)
{
	size_t i = after ? after->slot + 1 : 0;

	return i < conns.count ? conns.all[i] : NULL;
}

void
conns_close(void)
{
	assert(conns.count == 0);
	free(conns.all);
	conns.all = NULL;
	conns.room = 0;
	map_free(&conns.addresses);
}
