/* SPDX-License-Identifier: MIT */
/* The devices that were revoked recently, as a short sorted list. */
#include "lib/auth/revoked.h"

#include <pthread.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/settings.h"

struct revocation {
	int64_t device;
	int64_t noted_ms;
};

static struct {
	pthread_rwlock_t lock;
	struct revocation *list; /* ascending by device */
	size_t count, room;
} set = { .lock = PTHREAD_RWLOCK_INITIALIZER };

static size_t
revocation_find(int64_t device)
{
	size_t low = 0, high = set.count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (set.list[middle].device < device)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
revocation_at(size_t at, int64_t device)
{
	return at < set.count && set.list[at].device == device;
}

static void
revocations_forget(int64_t before_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < set.count; i++)
		if (set.list[i].noted_ms >= before_ms)
			set.list[kept++] = set.list[i];
	set.count = kept;
}

static void
revocation_insert(int64_t device, int64_t now_ms)
{
	set.list = memory_grow(set.list, set.count, &set.room, sizeof set.list[0]);
	size_t at = revocation_find(device);
	memmove(&set.list[at + 1], &set.list[at], (set.count - at) * sizeof set.list[0]);
	set.list[at] = (struct revocation){ device, now_ms };
	set.count++;
}

int64_t
revoked_keep_ms(void)
{
	return settings.token_seconds * 1000 + CLOCKS_DIFFER_MS;
}

void
revoked_add(int64_t device, int64_t now_ms, int64_t keep_ms)
{
	pthread_rwlock_wrlock(&set.lock);
	if (!revocation_at(revocation_find(device), device)) {
		revocations_forget(now_ms - keep_ms);
		revocation_insert(device, now_ms);
	}
	pthread_rwlock_unlock(&set.lock);
}

bool
revoked_is(int64_t device)
{
	pthread_rwlock_rdlock(&set.lock);
	bool is = revocation_at(revocation_find(device), device);
	pthread_rwlock_unlock(&set.lock);
	return is;
}
